// What a Decoded owns.
#pragma once

#include "node/ledger/ledger.h"
#include "node/ledger/messages.h"

namespace giro::ledger {

struct Decoded::Content {
  struct ParsedTicket {
    TicketBody body;
    bool is_for_terms = false;
    std::size_t first_signature = 0;  // in checks and signers
    std::size_t signature_count = 0;
  };

  Bytes bytes;    // the SignedOperation as received
  ByteView body;  // in bytes
  Operation operation;
  std::uint32_t type = 0;
  Hash hash{};
  std::size_t envelope_signatures = 0;
  std::vector<SignatureCheck> checks;  // the envelope's, then the tickets'
  std::vector<ParsedTicket> tickets;
  std::vector<Verified::Signer> signers;  // as checks; filled by verify()
};

}  // namespace giro::ledger
