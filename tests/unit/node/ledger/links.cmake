# encode_test.cpp compares the ledger's own codec with the general one: ledger.proto compiled for tests only.
if(NOT TARGET giro_node_ledger_test_proto)
  set(proto_out ${CMAKE_BINARY_DIR}/generated/node/ledger)
  file(MAKE_DIRECTORY ${proto_out})
  add_custom_command(OUTPUT ${proto_out}/ledger.pb.cc ${proto_out}/ledger.pb.h
    COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR} --cpp_out=${CMAKE_BINARY_DIR}/generated
            ${CMAKE_SOURCE_DIR}/node/ledger/ledger.proto
    DEPENDS ${CMAKE_SOURCE_DIR}/node/ledger/ledger.proto VERBATIM)
  add_library(giro_node_ledger_test_proto STATIC ${proto_out}/ledger.pb.cc ${proto_out}/ledger.pb.h)
  target_include_directories(giro_node_ledger_test_proto SYSTEM PUBLIC ${CMAKE_BINARY_DIR}/generated)
  target_link_libraries(giro_node_ledger_test_proto PUBLIC protobuf::libprotobuf)
  target_compile_options(giro_node_ledger_test_proto PRIVATE -O0) # a reader for tests: its compile time is what it costs
  if(GIRO_SANITIZE)
    target_compile_options(giro_node_ledger_test_proto PRIVATE -fsanitize=${GIRO_SANITIZE})
  endif()
endif()
set(links giro_node_ledger_test_proto)
