// What a supplier's own system does with a receipt that it was sent: books a payment that is final,
// and nothing else. Needs giro_receipt.h and libgiro-receipt, and no network.
//
//   c++ -std=c++17 example.cpp -lgiro-receipt -o book
//   ./book genesis.json OUR_BANK OUR_ACCOUNT receipt.json...
#include <giro_receipt.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <utility>

namespace {

bool read(const std::string& file, std::string& bytes) {
  std::ifstream in(file, std::ios::binary);
  bytes.assign(std::istreambuf_iterator<char>(in), {});
  return in.good() || in.eof();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::cerr << "usage: book GENESIS OUR_BANK OUR_ACCOUNT RECEIPT...\n";
    return 2;
  }
  std::string bytes, why;
  if (!read(argv[1], bytes)) {
    std::cerr << argv[1] << ": cannot be read\n";
    return 2;
  }
  const auto network = giro_receipt::Genesis::read(bytes, &why);
  if (!network) {
    std::cerr << argv[1] << ": " << why << '\n';
    return 2;
  }
  // In a real system: the table of what has been booked, with this as its unique key.
  std::set<std::pair<std::string, std::string>> booked;
  bool all_valid = true;
  for (int i = 4; i < argc; ++i) {
    if (!read(argv[i], bytes)) {
      std::cerr << argv[i] << ": cannot be read\n";
      return 2;
    }
    const auto checked = network->verify(bytes);
    if (checked.verdict != giro_receipt::Verdict::Valid) {
      std::cout << argv[i] << ": " << name(checked.verdict) << ", refused\n";
      all_valid = false;
      continue;
    }
    for (const auto& payment : checked.facts.payments) {
      if (payment.payee_bank != argv[2] || payment.payee_account != argv[3]) continue;
      if (payment.state != "SETTLED") {
        std::cout << "not booked  " << payment.uetr << " is " << payment.state << '\n';
      } else if (!booked.insert({payment.payer_bank, payment.uetr}).second) {
        std::cout << "known       " << payment.uetr << '\n';
      } else {
        std::cout << "booked      " << payment.uetr << "  " << payment.credited.currency << ' '
                  << payment.credited.amount << " from " << payment.payer_bank << '\n';
      }
    }
  }
  return all_valid ? 0 : 1;
}
