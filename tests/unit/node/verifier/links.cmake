set(links giro_node_receipt giro_node_config)
