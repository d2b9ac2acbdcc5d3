# event_form_test.cpp holds the table of members against ledger.proto.
include(${CMAKE_CURRENT_SOURCE_DIR}/node/ledger/links.cmake)
