// The words of the genesis file for the ledger's enumerations and bits, one table each for reading
// and writing.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/ledger/types.h"

namespace giro::config {

template <typename Value, std::size_t N>
using Words = std::array<std::pair<Value, std::string_view>, N>;

inline constexpr Words<ledger::InstitutionKind, 4> kInstitutionKinds{{
    {ledger::InstitutionKind::Bank, "BANK"},
    {ledger::InstitutionKind::SettlementAgent, "SETTLEMENT_AGENT"},
    {ledger::InstitutionKind::CentralBank, "CENTRAL_BANK"},
    {ledger::InstitutionKind::Observer, "OBSERVER"},
}};
inline constexpr Words<ledger::TokenClass, 2> kTokenClasses{{
    {ledger::TokenClass::Deposit, "DEPOSIT"},
    {ledger::TokenClass::Settlement, "SETTLEMENT"},
}};
inline constexpr Words<ledger::HolderPolicy, 2> kHolderPolicies{{
    {ledger::HolderPolicy::IssuerCustomers, "ISSUER_CUSTOMERS"},
    {ledger::HolderPolicy::MemberBanksOnly, "MEMBER_BANKS_ONLY"},
}};
inline constexpr Words<std::uint8_t, 3> kFeatures{{
    {ledger::kCanClawback, "CAN_CLAWBACK"},
    {ledger::kCanFreeze, "CAN_FREEZE"},
    {ledger::kCanEscrow, "CAN_ESCROW"},
}};
// The kinds an account can have in a genesis file; the internal ones come with their token.
inline constexpr Words<ledger::AccountKind, 2> kAccountKinds{{
    {ledger::AccountKind::Customer, "CUSTOMER"},
    {ledger::AccountKind::Nostro, "NOSTRO"},
}};
inline constexpr Words<ledger::AuthMode, 2> kAuthModes{{
    {ledger::AuthMode::Custodial, "CUSTODIAL"},
    {ledger::AuthMode::Joint, "JOINT"},
}};
inline constexpr Words<std::uint8_t, 3> kChecks{{
    {ledger::kCheckSanctions, "SANCTIONS"},
    {ledger::kCheckAmlFraud, "AML_FRAUD"},
    {ledger::kCheckOther, "OTHER"},
}};

template <typename Value, std::size_t N>
[[nodiscard]] std::string word_of(const Words<Value, N>& words, Value value) {
  for (const auto& [each, word] : words) {
    if (each == value) {
      return std::string(word);
    }
  }
  return {};
}
template <typename Value, std::size_t N>
[[nodiscard]] std::optional<Value> value_of(const Words<Value, N>& words, std::string_view text) {
  for (const auto& [value, word] : words) {
    if (word == text) {
      return value;
    }
  }
  return std::nullopt;
}
template <std::size_t N>
[[nodiscard]] std::vector<std::string> words_of_bits(const Words<std::uint8_t, N>& words,
                                                     std::uint8_t bits) {
  std::vector<std::string> out;
  for (const auto& [bit, word] : words) {
    if ((bits & bit) != 0) {
      out.emplace_back(word);
    }
  }
  return out;
}
template <typename Value, std::size_t N>
[[nodiscard]] std::string choices_of(const Words<Value, N>& words) {
  std::string out;
  for (const auto& [value, word] : words) {
    out += (out.empty() ? "" : ", ") + std::string(word);
  }
  return out;
}

}  // namespace giro::config
