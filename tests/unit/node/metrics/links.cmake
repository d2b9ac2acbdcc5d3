# The fake service of the API tests is a node to scrape.
set(links giro_node_config giro_node_ledger giro_node_receipt)
list(APPEND sources ${CMAKE_CURRENT_SOURCE_DIR}/node/api/fake_service.cpp)
set_source_files_properties(${CMAKE_CURRENT_SOURCE_DIR}/node/metrics/metrics_test.cpp PROPERTIES
  COMPILE_DEFINITIONS GIRO_METRICS_GOLDEN="${CMAKE_CURRENT_SOURCE_DIR}/node/metrics/golden.txt")
