set(links giro_node_api giro_node_metrics)
