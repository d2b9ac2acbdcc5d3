// giro account entries: a statement, of a whole position or of a period, checked as it is read.
#include <iomanip>
#include <iostream>

#include "node/cli/command.h"
#include "node/client/json_fields.h"
#include "node/ledger/amount.h"
#include "node/receipt/statement.h"

namespace giro::cli {
namespace {

using client::array_field;
using client::number_field;
using client::object_field;
using client::text_field;

constexpr const char* kEntries = "account.entries";

struct EntriesOptions {
  std::string account, token, from, to, day;
  std::uint64_t after = 0, count = 1000;
  bool is_verified = false;
};

// from <= t < to, as the node is asked for it; both empty: no period.
struct AskedPeriod {
  std::string from, to;
  [[nodiscard]] bool is_given() const { return !from.empty() || !to.empty(); }
};

// A moment, or a day, which is its first moment.
std::expected<std::int64_t, client::Error> moment(const std::string& text, const char* option) {
  constexpr std::size_t kDayLength = 10;
  const auto ms =
      receipt::from_time_text(text.size() == kDayLength ? text + "T00:00:00.000Z" : text);
  if (ms) return *ms;
  return std::unexpected(client::Error{
      client::ErrorKind::Usage,
      {},
      std::string(option) + " is a UTC day or time, as 2026-11-21 or 2026-11-21T22:41:07.114Z"});
}

std::expected<AskedPeriod, client::Error> period_of(const EntriesOptions& options) {
  AskedPeriod period;
  if (!options.day.empty()) {
    constexpr std::int64_t kDayMs = 86'400'000;
    const auto begin = moment(options.day, "--day");
    if (!begin) return std::unexpected(begin.error());
    if (*begin % kDayMs != 0)
      return std::unexpected(client::Error{client::ErrorKind::Usage, {}, "--day is a whole day"});
    return AskedPeriod{receipt::to_time_text(*begin),
                       receipt::to_time_text(std::min(*begin + kDayMs, receipt::kTimeMsMax))};
  }
  for (const auto& [text, option, out] : {std::tuple(&options.from, "--from", &period.from),
                                          std::tuple(&options.to, "--to", &period.to)}) {
    if (text->empty()) continue;
    const auto ms = moment(*text, option);
    if (!ms) return std::unexpected(ms.error());
    *out = receipt::to_time_text(*ms);
  }
  return period;
}

// Reads a position's entries page by page, and checks that each page goes on where the one before
// ended.
class EntryReader {
 public:
  EntryReader(client::Client& client, const client::AccountRef& account,
              const client::TokenFacts& token, const AskedPeriod& period)
      : client_(client),
        account_(account),
        token_(token),
        check_(time_of(period.from, 0), time_of(period.to, receipt::kTimeMsMax + 1)) {}

  struct Page {
    json::object document;
    receipt::StatementPart part;
  };
  // Not checked yet.
  [[nodiscard]] std::expected<Page, client::Error> fetch(std::uint64_t after, std::size_t limit,
                                                         const AskedPeriod& period,
                                                         std::uint64_t min_height) {
    std::string target = "/v1/accounts/" + crypto::to_hex(account_.id) +
                         "/entries?servicer=" + account_.servicer + "&token=" + token_.name +
                         "&cursor=" + std::to_string(after) + "&limit=" + std::to_string(limit) +
                         "&min_height=" + std::to_string(min_height);
    if (!period.from.empty()) target += "&from=" + period.from;
    if (!period.to.empty()) target += "&to=" + period.to;
    auto value = client_.get(target);
    if (!value) return std::unexpected(value.error());
    auto* document = value->if_object();
    if (document == nullptr) return wrong("the node's answer is no statement");
    auto part = part_of(*document);
    if (!part) return std::unexpected(part.error());
    return Page{std::move(*document), std::move(*part)};
  }
  [[nodiscard]] std::expected<receipt::CheckedStatement, client::Error> add(
      const receipt::StatementPart& part) {
    auto checked = check_.add(part);
    if (!checked) return untrue(checked.error());
    return std::move(*checked);
  }
  [[nodiscard]] const receipt::StatementCheck& check() const { return check_; }

  [[nodiscard]] static std::unexpected<client::Error> untrue(std::string text) {
    return std::unexpected(client::Error{client::ErrorKind::No, {}, std::move(text)});
  }

 private:
  [[nodiscard]] static ledger::TimeMs time_of(const std::string& text, std::int64_t otherwise) {
    return {text.empty() ? otherwise : receipt::from_time_text(text).value_or(otherwise)};
  }
  [[nodiscard]] static std::unexpected<client::Error> wrong(std::string text) {
    return std::unexpected(client::Error{client::ErrorKind::Internal, {}, std::move(text)});
  }
  [[nodiscard]] std::expected<receipt::StatementPart, client::Error> part_of(
      const json::object& page) const {
    const auto bad = [] { return wrong("the node's answer is no statement"); };
    const auto* opening = object_field(page, "opening");
    const auto* items = array_field(page, "items");
    if (opening == nullptr || items == nullptr) return bad();
    receipt::StatementPart part{.token = token_.id,
                                .account = account_.id,
                                .after = number_field(*opening, "seq"),
                                .opening_chain = {},
                                .opening_balance = {},
                                .entries = {}};
    ledger::DecimalError error{};
    const auto balance = ledger::from_decimal(text_field(*opening, "balance"), token_.scale, error);
    if (!balance ||
        !crypto::from_hex(text_field(*opening, "entry_chain"), part.opening_chain.bytes))
      return bad();
    part.opening_balance = *balance;
    for (const auto& item : *items) {
      const auto bytes = item.is_object()
                             ? receipt::from_base64(text_field(item.get_object(), "canonical"))
                             : std::nullopt;
      if (!bytes) return bad();
      part.entries.push_back(*bytes);
    }
    return part;
  }

  client::Client& client_;
  const client::AccountRef& account_;
  const client::TokenFacts& token_;
  receipt::StatementCheck check_;
};

void print_entry(const ledger::EntryEvent& entry, std::uint8_t scale,
                 const client::Directory& directory) {
  const auto bank = std::ranges::find(directory.institutions(), entry.counterparty_bank,
                                      &client::InstitutionFacts::id);
  const std::string sign = entry.side == ledger::Side::Credit ? "+" : "-";
  std::cout << std::right << std::setw(6) << entry.seq << "  "
            << receipt::to_time_text(entry.block_time.value) << "  " << std::left << std::setw(11)
            << ledger::name(entry.type) << std::right << std::setw(18)
            << sign + ledger::to_decimal(entry.amount, scale) << std::setw(18)
            << ledger::to_decimal(entry.balance, scale) << "  " << std::left << std::setw(10)
            << (bank == directory.institutions().end() ? "-" : bank->name) << ' '
            << receipt::to_uuid_text(entry.reference.bytes) << '\n';
}

void print_heading() {
  std::cout << std::right << std::setw(6) << "entry" << "  " << std::left << std::setw(26) << "time"
            << std::setw(11) << "type" << std::right << std::setw(18) << "amount" << std::setw(18)
            << "balance" << "  " << std::left << std::setw(10) << "with"
            << " payment\n";
}

using End = receipt::StatementCheck::End;

// What was read so far. Nothing in it is the node's word, but where the position's chain stands and
// at which height: both say more only with a proof.
struct Listed {
  json::array items;  // with --json
  std::uint64_t count = 0;
  json::object position;
  std::uint64_t after = 0, height = 0;
  bool is_whole = false;  // up to the end of what was asked for
  End opening, end;
};

json::object end_form(const End& end, std::uint8_t scale) {
  return {{"seq", std::to_string(end.seq)},
          {"balance", ledger::to_decimal(end.balance, scale)},
          {"entry_chain", crypto::to_hex(end.chain)}};
}

// As the API shows it, read from the bytes that the chain binds.
json::object entry_form(const ledger::EntryEvent& entry, const ledger::Bytes& canonical,
                        std::uint8_t scale, const client::Directory& directory) {
  const auto bank = [&directory](ledger::InstId id) -> json::value {
    const auto found =
        std::ranges::find(directory.institutions(), id, &client::InstitutionFacts::id);
    if (found != directory.institutions().end()) return json::value(found->name);
    return id == 0 ? json::value(nullptr) : json::value("#" + std::to_string(id));
  };
  return {{"seq", std::to_string(entry.seq)},
          {"side", entry.side == ledger::Side::Credit ? "CREDIT" : "DEBIT"},
          {"amount", ledger::to_decimal(entry.amount, scale)},
          {"balance", ledger::to_decimal(entry.balance, scale)},
          {"type", ledger::name(entry.type)},
          {"counterparty_bank", bank(entry.counterparty_bank)},
          {"payer_bank", bank(entry.payer_bank)},
          {"reference", receipt::to_uuid_text(entry.reference.bytes)},
          {"height", std::to_string(entry.height)},
          {"index", entry.index},
          {"line", entry.line},
          {"time", receipt::to_time_text(entry.block_time.value)},
          {"canonical", receipt::to_base64(canonical)}};
}

void take(const Run& run, Listed& listed, const ledger::EntryEvent& entry,
          const ledger::Bytes& canonical, std::uint8_t scale, const client::Directory& directory) {
  ++listed.count;
  if (run.json) {
    listed.items.push_back(entry_form(entry, canonical, scale, directory));
  } else {
    print_entry(entry, scale, directory);
  }
}

bool is_within(const ledger::EntryEvent& entry, const AskedPeriod& period) {
  const auto time = receipt::to_time_text(entry.block_time.value);  // one length: texts compare
  return (period.from.empty() || time >= period.from) && (period.to.empty() || time < period.to);
}

std::expected<Listed, client::Error> list_entries(Run& run, const EntriesOptions& options,
                                                  const AskedPeriod& period, EntryReader& reader,
                                                  std::uint8_t scale,
                                                  const client::Directory& directory) {
  Listed listed;
  std::uint64_t after = options.after;
  for (bool is_first = true; is_first || (!listed.is_whole && listed.count < options.count);
       is_first = false) {
    const auto limit = std::min<std::uint64_t>(options.count - listed.count, 1000);
    const auto page = reader.fetch(after, limit, period, listed.height);
    if (!page) return std::unexpected(page.error());
    listed.height = number_field(page->document, "height");
    if (is_first) {
      const auto& part = page->part;
      listed.opening = {part.after, part.opening_chain, part.opening_balance};
      listed.after = part.after;
      // The entry before the period shows that it begins there.
      if (options.is_verified && period.is_given() && listed.after > options.after) {
        const auto before = reader.fetch(listed.after - 1, 1, {}, listed.height);
        if (!before) return std::unexpected(before.error());
        if (const auto added = reader.add(before->part); !added)
          return std::unexpected(added.error());
      }
    }
    const auto checked = reader.add(page->part);
    if (!checked) return std::unexpected(checked.error());
    for (std::size_t i = 0; i < checked->entries.size(); ++i) {
      const ledger::EntryEvent& entry = checked->entries[i];
      if (entry.seq <= options.after)
        return EntryReader::untrue("entry " + std::to_string(entry.seq) + " is not after " +
                                   std::to_string(options.after));
      if (!is_within(entry, period))
        return EntryReader::untrue("entry " + std::to_string(entry.seq) + " is not of the period");
      take(run, listed, entry, page->part.entries[i], scale, directory);
    }
    if (const auto* position = object_field(page->document, "position"))
      listed.position = *position;
    after = checked->last;
    listed.is_whole = text_field(page->document, "next_cursor").empty();
    if (!listed.is_whole && checked->entries.empty())
      return EntryReader::untrue("the node gives no entries, and says that there are more");
  }
  listed.end = reader.check().end();
  return listed;
}

// The entries lead on to a position that a quorum attested. Those of the period that the node did
// not list, whether they came since or were left out, are met on the way there, and listed.
std::expected<client::VerifiedPosition, client::Error> prove_entries(
    const Run& run, client::Session& session, const client::AccountRef& account,
    const client::TokenFacts& token, const EntriesOptions& options, const AskedPeriod& asked,
    const client::Directory& directory, Listed& listed, EntryReader& reader) {
  const auto proven = session.client.position(account.servicer, account.id, token.id, listed.height,
                                              session.genesis.for_receipts());
  if (!proven) return proven;
  const auto& position = proven->proof.position;
  while (reader.check().end().seq < position.entry_seq) {
    End at = reader.check().end();
    const std::uint64_t from = at.seq;
    const auto more = reader.fetch(from, std::min<std::uint64_t>(position.entry_seq - from, 1000),
                                   {}, proven->proof.header.height.value);
    if (!more) return std::unexpected(more.error());
    if (more->part.entries.empty()) return EntryReader::untrue("entries are missing");
    const auto added = reader.add(more->part);
    if (!added) return std::unexpected(added.error());
    for (std::size_t i = 0; i < added->entries.size() && listed.is_whole; ++i) {
      const ledger::EntryEvent& entry = added->entries[i];
      const ledger::Bytes& canonical = more->part.entries[i];
      at = {entry.seq, ledger::next_entry_chain(at.chain, canonical), entry.balance};
      if (!is_within(entry, asked)) continue;
      listed.is_whole = listed.count < options.count;
      if (!listed.is_whole) break;
      take(run, listed, entry, canonical, token.scale, directory);
      listed.end = at;
    }
  }
  const auto period = reader.check().lead_to(position);
  if (!period) return EntryReader::untrue(period.error());
  // Without --after, or with one below it, the listing begins where the period does.
  // One that has no entries yet may begin later, by those that came since.
  const bool begins_there =
      period->is_begin_seen && (listed.count == 0 || period->opening.seq == listed.after);
  if (listed.after > options.after && !begins_there)
    return EntryReader::untrue("it does not begin where the period does");
  listed.opening = period->opening;
  listed.after = period->opening.seq;
  if (listed.is_whole) listed.end = period->closing;
  return proven;
}

void print_end(const Listed& listed, const client::TokenFacts& token, bool has_period,
               const std::optional<client::VerifiedPosition>& proven) {
  if (has_period)
    std::cout << "opening balance " << ledger::to_decimal(listed.opening.balance, token.scale)
              << " after entry " << listed.after << "; entry_chain "
              << crypto::to_hex(listed.opening.chain) << '\n';
  std::cout << (has_period ? "closing balance " : "balance ")
            << ledger::to_decimal(listed.end.balance, token.scale) << ' ' << token.name
            << " after entry " << listed.end.seq << "; entry_chain "
            << crypto::to_hex(listed.end.chain) << '\n';
  if (!listed.is_whole) {
    std::cout << "there are more: --after " << listed.end.seq << '\n';
  } else if (has_period) {
    std::cout << "complete: no entry of the period is missing, as of height "
              << (proven ? proven->proof.header.height.value : listed.height) << '\n';
  } else {
    std::cout << "complete: no entry is missing up to the position of now\n";
  }
  if (proven)
    std::cout << "verified: leads to the position at height " << proven->proof.header.height
              << ", signed by " << proven->proof.attestation.size() << " of "
              << proven->facts.set.size() << " validators\n";
}

// What is printed is read from the bytes that the chain binds.
void entries(Run& run, const EntriesOptions& options) {
  auto session = open_session(run);
  if (!session) return fail(run, kEntries, session.error());
  const auto period = period_of(options);
  if (!period) return fail(run, kEntries, period.error());
  const auto account = client::parse_account(options.account, session->profile);
  if (!account) return fail(run, kEntries, account.error());
  const auto directory = client::Directory::from_node(session->client, session->genesis);
  if (!directory) return fail(run, kEntries, directory.error());
  const auto token = directory->token(options.token);
  if (!token) return fail(run, kEntries, token.error());

  if (!run.json) print_heading();
  EntryReader reader(session->client, *account, *token, *period);
  auto listed = list_entries(run, options, *period, reader, token->scale, *directory);
  if (!listed) return fail(run, kEntries, listed.error());
  if (listed->is_whole && !period->is_given() &&
      crypto::to_hex(listed->end.chain) != text_field(listed->position, "entry_chain"))
    return fail_with(run, kEntries, 1, "the entries do not lead to the position's entry_chain");
  std::optional<client::VerifiedPosition> proven;
  if (options.is_verified) {
    auto made = prove_entries(run, *session, *account, *token, options, *period, *directory,
                              *listed, reader);
    if (!made) return fail(run, kEntries, made.error());
    proven = std::move(*made);
  }
  if (!run.json) return print_end(*listed, *token, period->is_given(), proven);
  json::object document{
      {"token", token->name},
      {"opening", end_form(listed->opening, token->scale)},
      {"items", listed->items},
      {"closing", end_form(listed->end, token->scale)},
      {"complete", listed->is_whole},
      {"height", std::to_string(listed->height)},
      {"verified_height",
       proven ? json::value(std::to_string(proven->proof.header.height.value)) : nullptr}};
  if (period->is_given()) {
    const auto text_or_null = [](const std::string& text) {
      return text.empty() ? json::value(nullptr) : json::value(text);
    };
    document["period"] =
        json::object{{"from", text_or_null(period->from)}, {"to", text_or_null(period->to)}};
  }
  print_json(kEntries, document);
}

}  // namespace

void add_account_entries(CLI::App& group, Run& run) {
  auto statement = std::make_shared<EntriesOptions>();
  CLI::App* command = add_command(
      group, run, "entries", "The statement of an account in one token, checked as it is read");
  add_profile_option(*command, run);
  command->add_option("ACCOUNT", statement->account, "An alias, or bank-a/<digits>")->required();
  command->add_option("TOKEN", statement->token, "As bank-a.EUR")->required();
  command->add_option("--after", statement->after, "Number of the last entry known");
  command->add_option("--count", statement->count, "At most so many")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  CLI::Option* from =
      command->add_option("--from", statement->from, "From this UTC day or time on, as 2026-11-21");
  CLI::Option* to = command->add_option("--to", statement->to, "Before this UTC day or time");
  command->add_option("--day", statement->day, "Of this UTC day")->excludes(from)->excludes(to);
  command->add_flag("--verify", statement->is_verified,
                    "Also prove it, by a position that the validators have attested");
  command->callback([&run, statement] { entries(run, *statement); });
}

}  // namespace giro::cli
