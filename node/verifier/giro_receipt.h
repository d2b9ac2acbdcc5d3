// Checks the receipts of a giro network offline: for a bank's own systems, an auditor, a customer's
// ERP. Trusts the genesis file and nothing else; asks no node. (surface 6, ledger 9.4)
//
//   #include <giro_receipt.h>            c++ -std=c++17 ... -lgiro-receipt
//
//   std::string why;
//   const auto network = giro_receipt::Genesis::read(genesis_file_bytes, &why);
//   const auto checked = network->verify(receipt_bytes);
//   if (checked.verdict != giro_receipt::Verdict::Valid) refuse(name(checked.verdict));
//   for (const auto& payment : checked.facts.payments)
//     if (payment.state == "SETTLED" && payment.payee_bank == our_bank &&
//         payment.payee_account == our_account)
//       book(payment.credited);
//
// What a valid receipt proves: the operation ran at this height with this outcome, and each payment
// shown here came to this state then. OK is not "paid": a payment that waits for its payee's bank
// is PENDING. A payment that is SETTLED stays so; money comes back only by another payment, of kind
// RETURN, and the one that it answers is then RETURNED or shows how much of it was. A receipt says
// how a payment stood at `height`, and not what came later.
//
// Compare bank and account: each bank gives its own account ids, and any member could open one with
// your id. Book once for each payer_bank and uetr: the same receipt may come twice. (The ledger
// forgets a UETR some time after the payment has ended, by payment_retention, and its bank may use
// it again; `height` tells the two apart.)
//
// Header: standard library of C++17 only. Library: libsecp256k1 and OpenSSL. Every function is
// total, may be called from any thread at once, and throws nothing but std::bad_alloc. Time and
// memory are in proportion to the input; more than 4 MiB of receipt are MALFORMED.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace giro_receipt {

// In the order of the checks; the first that fails is told.
enum class Verdict : std::uint8_t {
  Valid,
  Malformed,     // not as a node writes it, to the byte
  WrongChain,    // of another network: another genesis file
  BadLineage,    // a change of the validator set that was not made by the set in force
  BadBody,       // the body is not the one that ran, or a signature under it does not verify
  BadPath,       // outcome or event are not in the attested block
  BadSignature,  // an attestation that is no member's vote for this block
  NoQuorum,      // too few attestations
};
[[nodiscard]] std::string_view name(Verdict verdict);  // "VALID", "NO_QUORUM"

// An amount of one token.
struct Money {
  std::uint32_t token = 0;  // number on the ledger; 0: none
  std::string minor_units;  // "12499000": decimal digits, always there
  // What the genesis file knows of the token. Empty for one that was created later: ask a node, or
  // know from your own bank, which token the number stands for.
  std::string token_name;  // "bank-a.USD"
  std::string currency;    // "USD"
  std::string amount;      // "124990.00"
};

// One payment, as one event of the ledger tells it.
struct Payment {
  std::string state;  // PENDING SETTLED REJECTED CANCELLED EXPIRED RETURNED; empty: only ordered
  std::uint16_t code = 0;                    // why it ended so; 0: for no reason that needs one
  std::string code_name;                     // "OK", "REJECTED_BY_PAYEE_BANK"
  std::string kind;                          // ONUS XBANK FX RETURN; empty: only ordered
  std::string uetr;                          // UUID, lower case
  std::string payer_bank, payee_bank;        // "bank-a"; "#7" if it joined after genesis
  std::string payer_account, payee_account;  // 32 hexadecimal digits
  Money amount;                              // sent, in the payer's token; fees apart
  Money amount_to;                           // of an exchange: what arrives, in the payee's token
  Money payer_fee;                           // on top of `amount`
  Money payee_fee;                           // deducted from what arrives
  Money credited;                            // what arrives in payee_account once it is SETTLED
  Money returned;                            // of `amount`, until then
  std::string original_payer_bank, original_uetr;  // of kind RETURN: what it answers
  std::int64_t expires_at_ms = 0;                  // PENDING: Unix time; else 0
};

struct Facts {
  std::string receipt_id;      // 64 digits; the same at every node
  std::string operation_hash;  // 64 digits, of the signed body
  std::string actor;           // whose operation; empty: the ledger's own sweep of time-outs
  std::string op_id;           // UUID; empty: the sweep
  std::string operation;       // "PAY"; empty if the body is not in the receipt
  std::uint16_t code = 0;      // 0 is OK
  std::string code_name;
  std::uint32_t detail_index = 0;  // of a bulk or batch: which item or leg; see ledger 7
  std::uint16_t detail_code = 0;
  bool recorded = false;  // false: refused without a trace; the same order may still run. The
                          // sweep's is always recorded.
  std::uint64_t height = 0;
  std::uint32_t index = 0;         // of the operation in its block, from 1; 0: the sweep
  std::int64_t time_ms = 0;        // of the block: Unix time
  std::vector<Payment> payments;   // those that the receipt shows
  std::optional<Payment> ordered;  // what the body orders, if it is one payment
  bool has_body = false;
  // Who vouches for it.
  std::vector<std::string> signers;  // institutions
  std::size_t quorum = 0, validators = 0;
  std::uint64_t epoch = 0;
  std::size_t set_changes = 0;  // of the validator set since genesis
};

struct Checked {
  Verdict verdict = Verdict::Malformed;
  Facts facts;  // of a valid one; else empty
};

// A network, as its genesis file defines it. Cheap to copy: copies share one.
class Genesis {
 public:
  // The bytes of the file as they are: their SHA-256 is the chain id. nullopt: not a genesis file;
  // `why` then says where.
  [[nodiscard]] static std::optional<Genesis> read(std::string_view file,
                                                   std::string* why = nullptr);

  [[nodiscard]] std::string chain_id() const;  // 64 digits: compare it once, by another channel
  [[nodiscard]] std::string network() const;   // its name

  // One document, `giro.receipt/1`, as a node gave it.
  [[nodiscard]] Checked verify(std::string_view receipt) const;

 private:
  struct Data;
  explicit Genesis(std::shared_ptr<const Data> data);
  std::shared_ptr<const Data> data_;
};

}  // namespace giro_receipt
