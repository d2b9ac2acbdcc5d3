#include "tests/unit/node/ledger/rules.h"

#include <gtest/gtest.h>

#include "crypto/digest.h"

namespace giro::ledger::demo {

namespace {

constexpr std::uint64_t kNumber = 500;          // of the op_id of a sample
constexpr std::uint64_t kSampleProposal = 400;  // of the proposal that a sample votes on

}  // namespace

void make_ready(std::string_view name, World& world) {
  for (const SampleRow& row : payment_samples()) {
    if (row.operation == name && row.make_ready != nullptr) return row.make_ready(world);
  }
  if (name != "GOV_VOTE") return;
  const Outcome opened =
      world.run(operation(kB, kSampleProposal, seat_proposal(SeatChange::Add, kS),
                          {&key(kB, Role::Governor)}, world.now));
  EXPECT_EQ(opened.code, Code::Ok);
}

Signed sample(std::string_view name, const World& world) {
  const TimeMs now = world.now;
  if (auto control = control_sample(name, world)) return *std::move(control);
  for (const SampleRow& row : payment_samples()) {
    if (row.operation == name) return row.make(world);
  }
  if (name == "GOV_PROPOSE")
    return operation(kA, kNumber, seat_proposal(SeatChange::Add, kS), {&key(kA, Role::Governor)},
                     now);
  if (name == "GOV_VOTE") {
    return operation(kA, kNumber,
                     GovVote{.proposer = kB, .prop_id = uetr(kSampleProposal), .yes = true},
                     {&key(kA, Role::Governor)}, now);
  }
  if (name == "TOKEN_CREATE") {
    TokenCreate create;
    create.currency = Currency::from("USD");
    create.product = 7;
    create.features = kAllFeatures;
    create.issuance_cap = cents("1000.00");
    create.terms_hash = crypto::sha256(crypto::as_view("terms"));
    return operation(kA, kNumber, create, quorum(kA, Role::Issuer, 2), now);
  }
  if (name == "ACCT_OPEN") {
    AcctOpen open;
    open.account = account_id("new");
    open.country = CountryCode::from("US");
    open.kyc_valid_until = add_ms(now, 86'400'000);
    open.tokens = {kAUsd, kAEur};
    return operation(kA, kNumber, open, quorum(kA, Role::Onboard, 1), now);
  }
  if (name == "POSITION_OPEN") {
    return operation(kA, kNumber,
                     PositionOpen{.account = kMerchant, .token = kAEur, .max_balance = {}},
                     quorum(kA, Role::Onboard, 1), now);
  }
  if (name == "MINT") {
    const Mint mint{.token = kAUsd,
                    .account = kBuyer,
                    .amount = cents("1000.00"),
                    .kind = MintKind::Deposit,
                    .core_ref_commit = crypto::sha256(crypto::as_view("core"))};
    return operation(kA, kNumber, mint, quorum(kA, Role::Issuer, 2), now);
  }
  if (name == "REDEEM") {
    const Redeem redeem{
        .token = kAUsd, .account = kBuyer, .amount = cents("100.00"), .payout_commit = {}};
    return operation(kA, kNumber, redeem, quorum(kA, Role::Treasury, 2) + key(kA, Role::Maker),
                     now);
  }
  if (name == "TRANSFER") {
    Transfer order = transfer_order(kNumber, "10.00");
    order.terms.payer_fee = cents("0.50");
    return transfer(order, now);
  }
  Pay order = pay_order(kNumber, now);
  attach_ticket(order, now);
  return pay(order, now);
}

PaymentTerms& terms_of(Signed& operation) {
  if (auto* pay = std::get_if<Pay>(&operation.operation.action)) return pay->terms;
  return std::get<Transfer>(operation.operation.action).terms;
}

void renew_ticket(Signed& operation, const World& world) {
  if (auto* pay = std::get_if<Pay>(&operation.operation.action); pay != nullptr && pay->ticket) {
    attach_ticket(*pay, world.now);
  }
}

std::function<Signed(World&)> with_terms(std::string_view operation,
                                         std::function<void(PaymentTerms&)> change) {
  return [operation, change](World& world) {
    Signed signed_operation = sample(operation, world);
    change(terms_of(signed_operation));
    renew_ticket(signed_operation, world);
    return signed_operation;
  };
}

std::function<Signed(World&)> with_keys(std::string_view operation, Keys keys) {
  return [operation, keys](World& world) {
    Signed signed_operation = sample(operation, world);
    signed_operation.keys = keys;
    return signed_operation;
  };
}

std::function<Signed(World&)> as_sampled(std::string_view operation) {
  return [operation](World& world) { return sample(operation, world); };
}

Given status(InstId inst, InstitutionStatus status) {
  return [=](World& world) {
    world.edit<Institution>(institution_key(inst),
                            [status](Institution& record) { record.status = status; });
  };
}
Given account(InstId servicer, const AccountId& id, std::function<void(Account&)> change) {
  return [=](World& world) { world.edit<Account>(account_key(servicer, id), change); };
}
Given position(TokenId token, const AccountId& id, std::function<void(Position&)> change) {
  return [=](World& world) { world.edit<Position>(position_key(token, id), change); };
}
Given token(TokenId id, std::function<void(Token&)> change) {
  return [=](World& world) { world.edit<Token>(token_key(id), change); };
}
Given key_record(const crypto::SecretKey& key, InstId inst,
                 std::function<void(InstitutionKey&)> change) {
  return [&key, inst, change](World& world) {
    world.edit<InstitutionKey>(key_key(inst, crypto::key_id(key.public_key())), change);
  };
}
Given corridor(InstId from, InstId to, std::function<void(Corridor&)> change) {
  return [=](World& world) {
    world.edit<Corridor>(corridor_key(from, to, Currency::from("USD")), change);
  };
}

Given no_position(TokenId id, const AccountId& holder) {
  return [=](World& world) {
    const Position gone = world.position(id, holder);
    world.state.rows.erase(position_key(id, holder).to_bytes());
    world.edit<Token>(token_key(id), [&gone](Token& record) {
      --record.positions;
      record.posted = subtract_or_zero(record.posted, gone.posted);
      record.issued = subtract_or_zero(record.issued, gone.posted);
    });
  };
}

Given frozen(TokenId id, const AccountId& holder, std::string_view amount) {
  return both(position(id, holder, [amount](Position& record) { record.frozen = cents(amount); }),
              token(id, [amount](Token& record) { record.frozen = cents(amount); }));
}

Given denies(InstId inst, const Key& subject) {
  return [=](World& world) {
    world.edit<Deny>(subject, [](Deny& record) { record.reason_class = 1; });
    world.edit<Institution>(institution_key(inst),
                            [](Institution& record) { ++record.deny_entries; });
  };
}

Given both(Given first, Given second) {
  return [=](World& world) {
    first(world);
    second(world);
  };
}

}  // namespace giro::ledger::demo
