set(links giro_storage giro_consensus giro_node_ledger giro_p2p boost_json)
