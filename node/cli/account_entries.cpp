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
              const client::TokenFacts& token)
      : client_(client), account_(account), token_(token) {}

  struct Page {
    json::object document;
    receipt::CheckedStatement checked;
    std::uint64_t after = 0;
  };
  [[nodiscard]] std::expected<Page, client::Error> read(std::uint64_t after, std::size_t limit,
                                                        const AskedPeriod& period = {},
                                                        std::uint64_t min_height = 0) {
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
    const auto part = part_of(*document);
    if (!part) return std::unexpected(part.error());
    if (whole_ && (part->after != whole_->last || part->opening_chain != whole_->closing_chain))
      return untrue("after entry " + std::to_string(whole_->last) +
                    " the statement goes on elsewhere");
    auto checked = receipt::check_statement(*part);
    if (!checked) return untrue(checked.error());
    whole_ = *checked;
    whole_->entries.clear();
    return Page{std::move(*document), std::move(*checked), part->after};
  }
  // Where the pages have led to.
  [[nodiscard]] const receipt::CheckedStatement& whole() const { return *whole_; }

  [[nodiscard]] static std::unexpected<client::Error> untrue(std::string text) {
    return std::unexpected(client::Error{client::ErrorKind::No, {}, std::move(text)});
  }

 private:
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
  std::optional<receipt::CheckedStatement> whole_;  // without the entries
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

// What was read so far.
struct Listed {
  json::array items;
  json::object opening, position, period;
  std::uint64_t after = 0, height = 0;
  bool is_whole = false;  // up to the end of what was asked for
};

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
  for (bool is_first = true; is_first || (!listed.is_whole && listed.items.size() < options.count);
       is_first = false) {
    const auto limit = std::min<std::uint64_t>(options.count - listed.items.size(), 1000);
    const auto page = reader.read(after, limit, period, listed.height);
    if (!page) return std::unexpected(page.error());
    if (is_first) {
      listed.opening = *object_field(page->document, "opening");
      listed.after = page->after;
    }
    for (const auto& entry : page->checked.entries) {
      if (!is_within(entry, period))
        return EntryReader::untrue("entry " + std::to_string(entry.seq) + " is not of the period");
      if (!run.json) print_entry(entry, scale, directory);
    }
    for (const auto& item : *array_field(page->document, "items")) listed.items.push_back(item);
    if (const auto* position = object_field(page->document, "position"))
      listed.position = *position;
    if (const auto* asked = object_field(page->document, "period")) listed.period = *asked;
    listed.height = number_field(page->document, "height");
    after = page->checked.last;
    listed.is_whole = text_field(page->document, "next_cursor").empty();
  }
  return listed;
}

// The entries lead on to a position that a quorum attested; and if they are those of a period, the
// one before them and the one after them are not of it.
std::expected<client::VerifiedPosition, client::Error> prove_entries(
    client::Session& session, const client::AccountRef& account, const client::TokenFacts& token,
    const Listed& listed, const AskedPeriod& period, EntryReader& reader) {
  const std::uint64_t last = reader.whole().last;
  const auto proven = session.client.position(account.servicer, account.id, token.id, listed.height,
                                              session.genesis.for_receipts());
  if (!proven) return proven;
  const auto& position = proven->proof.position;
  while (reader.whole().last < position.entry_seq) {
    const std::uint64_t from = reader.whole().last;
    const auto more = reader.read(from, std::min<std::uint64_t>(position.entry_seq - from, 1000),
                                  {}, proven->proof.header.height.value);
    if (!more) return std::unexpected(more.error());
    if (more->checked.entries.empty()) return EntryReader::untrue("entries are missing");
    if (from == last && listed.is_whole && period.is_given() &&
        is_within(more->checked.entries.front(), period))
      return EntryReader::untrue("an entry of the period was left out at its end");
  }
  if (reader.whole().last != position.entry_seq ||
      reader.whole().closing_chain != position.entry_chain ||
      reader.whole().closing_balance != position.posted)
    return EntryReader::untrue("the entries do not lead to the proven position");
  if (listed.after > 0 && period.is_given()) {
    EntryReader before(session.client, account, token);
    const auto one = before.read(listed.after - 1, 1);
    if (!one) return std::unexpected(one.error());
    if (one->checked.last != listed.after ||
        crypto::to_hex(one->checked.closing_chain) != text_field(listed.opening, "entry_chain"))
      return EntryReader::untrue("the entry before the period does not lead to it");
    // With --after the listing begins inside the period.
    if (number_field(listed.period, "after") == listed.after &&
        is_within(one->checked.entries.front(), period))
      return EntryReader::untrue("an entry of the period was left out at its beginning");
  }
  return proven;
}

void print_end(const Listed& listed, const receipt::CheckedStatement& closing,
               const client::TokenFacts& token, bool has_period,
               const std::optional<client::VerifiedPosition>& proven) {
  if (has_period)
    std::cout << "opening balance " << text_field(listed.opening, "balance") << " after entry "
              << listed.after << "; entry_chain " << text_field(listed.opening, "entry_chain")
              << '\n';
  std::cout << (has_period ? "closing balance " : "balance ")
            << ledger::to_decimal(closing.closing_balance, token.scale) << ' ' << token.name
            << " after entry " << closing.last << "; entry_chain "
            << crypto::to_hex(closing.closing_chain) << '\n';
  if (!listed.is_whole) {
    std::cout << "there are more: --after " << closing.last << '\n';
  } else if (has_period) {
    std::cout << "complete: no entry of the period is missing\n";
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
  const auto directory = client::Directory::from_node(session->client);
  if (!directory) return fail(run, kEntries, directory.error());
  const auto token = directory->token(options.token);
  if (!token) return fail(run, kEntries, token.error());

  if (!run.json) print_heading();
  EntryReader reader(session->client, *account, *token);
  const auto listed = list_entries(run, options, *period, reader, token->scale, *directory);
  if (!listed) return fail(run, kEntries, listed.error());
  const receipt::CheckedStatement closing = reader.whole();
  if (listed->is_whole && !period->is_given() &&
      crypto::to_hex(closing.closing_chain) != text_field(listed->position, "entry_chain"))
    return fail_with(run, kEntries, 1, "the entries do not lead to the position's entry_chain");
  std::optional<client::VerifiedPosition> proven;
  if (options.is_verified) {
    auto made = prove_entries(*session, *account, *token, *listed, *period, reader);
    if (!made) return fail(run, kEntries, made.error());
    proven = std::move(*made);
  }
  if (!run.json) return print_end(*listed, closing, *token, period->is_given(), proven);
  json::object document{
      {"token", token->name},
      {"opening", listed->opening},
      {"items", listed->items},
      {"closing",
       json::object{{"seq", std::to_string(closing.last)},
                    {"balance", ledger::to_decimal(closing.closing_balance, token->scale)},
                    {"entry_chain", crypto::to_hex(closing.closing_chain)}}},
      {"complete", listed->is_whole},
      {"verified_height",
       proven ? json::value(std::to_string(proven->proof.header.height.value)) : nullptr}};
  if (period->is_given()) document["period"] = listed->period;
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
