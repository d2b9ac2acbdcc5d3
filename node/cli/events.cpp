// giro events: what happened on the ledger, in order; with --follow also what happens from now on.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <iomanip>
#include <iostream>
#include <thread>

#include "node/cli/command.h"
#include "node/client/directory.h"
#include "node/client/journal.h"
#include "node/client/json_fields.h"

namespace giro::cli {
namespace {

using client::array_field;
using client::bool_field;
using client::number_field;
using client::object_field;
using client::text_field;

constexpr const char* kEvents = "events";

struct EventsOptions {
  std::string after, cursor_file, account, token;
  std::vector<std::string> types;
  std::size_t count = 0;  // 0: all
  bool is_followed = false;
};

std::unexpected<client::Error> usage(std::string text) {
  return std::unexpected(client::Error{client::ErrorKind::Usage, {}, std::move(text)});
}

// "48212.4"; what it stands for, the node judges.
bool is_place(std::string_view text) {
  constexpr std::size_t kPlaceLengthMax = 31;
  const std::size_t dot = text.find('.');
  constexpr std::string_view kDigits = "0123456789";
  return dot != std::string_view::npos && dot != 0 && dot + 1 != text.size() &&
         text.size() <= kPlaceLengthMax &&
         text.substr(0, dot).find_first_not_of(kDigits) == std::string_view::npos &&
         text.substr(dot + 1).find_first_not_of(kDigits) == std::string_view::npos;
}

// Where to begin: the cursor file's place if there is one, else --after, else the newest block.
std::expected<std::string, client::Error> first_place(const EventsOptions& options) {
  if (!options.after.empty() && !is_place(options.after))
    return usage("--after is HEIGHT.N, as 48212.4; 0.0 is the beginning");
  std::error_code error;
  if (!options.cursor_file.empty() &&
      (std::filesystem::exists(options.cursor_file, error) || error)) {
    auto text = read_file(options.cursor_file);
    if (!text) return std::unexpected(text.error());
    if (text->ends_with('\n')) text->pop_back();
    if (is_place(*text)) return text;
    return usage(options.cursor_file + " holds no place of an event: it was not written by giro");
  }
  if (options.after.empty() && !options.is_followed)
    return usage("say from where: --after 0.0 for all, or --follow for what happens from now on");
  return options.after;
}

std::expected<std::string, client::Error> filter_of(const EventsOptions& options,
                                                    const client::Session& session) {
  std::string filter;
  for (const auto& type : options.types) {
    if (type.empty() || type.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string::npos)
      return usage("--type is the name of an event, as payment_settled");
    filter += (filter.empty() ? "&types=" : ",") + type;
  }
  if (!options.account.empty()) {
    const auto account = client::parse_account(options.account, session.profile);
    if (!account) return std::unexpected(account.error());
    filter += "&account=" + crypto::to_hex(account->id) + "&servicer=" + account->servicer;
  }
  if (!options.token.empty()) {
    const auto is_of_name = [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '.' || c == '-';
    };
    if (!std::ranges::all_of(options.token, is_of_name))
      return usage("--token is the name of a token, as bank-a.USD");
    filter += "&token=" + options.token;
  }
  return filter;
}

// What most events have, in this order; the rest is in --json.
void print_event(const json::object& event) {
  std::cout << text_field(event, "block_time") << "  " << text_field(event, "height") << '.'
            << number_field(event, "n") << "  " << std::left << std::setw(22)
            << text_field(event, "type") << std::right;
  const auto* fields = object_field(event, "fields");
  if (fields == nullptr) {
    std::cout << '\n';
    return;
  }
  const auto* terms = object_field(*fields, "terms");
  const auto& facts = terms == nullptr ? *fields : *terms;
  const auto say = [](const std::string& text) {
    if (!text.empty()) std::cout << ' ' << text;
  };
  say(text_field(facts, "amount"));
  const auto token = text_field(facts, "token_from");
  say(token.empty() ? text_field(facts, "token") : token);
  say(text_field(*fields, "side"));
  say(text_field(facts, "payer_account"));
  if (!text_field(facts, "payee_account").empty())
    say("-> " + text_field(facts, "payee_account") + '@' + text_field(facts, "payee_bank"));
  say(text_field(facts, "account"));
  say(text_field(facts, "institution"));
  say(text_field(facts, "name"));
  if (const auto code = text_field(*fields, "code"); code != "OK") say(code);
  std::cout << '\n';
}

// Asks for page after page, prints, and keeps the place of what was printed.
class EventReader {
 public:
  EventReader(Run& run, const EventsOptions& options, client::Session& session, std::string filter,
              std::string after)
      : run_(run),
        options_(options),
        session_(session),
        filter_(std::move(filter)),
        after_(std::move(after)) {}

  // Until there is no more, or for ever.
  std::expected<void, client::Error> read() {
    while (!is_full()) {
      const auto page = session_.client.get(target());
      if (!page) {
        if (auto waited = wait_for_a_node(page.error()); !waited) return waited;
        continue;
      }
      is_silent_ = false;
      const auto is_head = take(*page);
      if (!is_head) return std::unexpected(is_head.error());
      if (*is_head && !options_.is_followed) break;
    }
    return {};
  }

 private:
  [[nodiscard]] bool is_full() const { return options_.count != 0 && printed_ == options_.count; }
  [[nodiscard]] std::size_t limit() const {
    constexpr std::size_t kPage = 1000;
    return options_.count == 0 ? kPage : std::min(kPage, options_.count - printed_);
  }

  [[nodiscard]] std::string target() const {
    return "/v1/events?limit=" + std::to_string(limit()) + filter_ +
           (after_.empty() ? "" : "&after=" + after_) + (options_.is_followed ? "&wait=5s" : "");
  }

  // Who follows goes on when the nodes are back.
  std::expected<void, client::Error> wait_for_a_node(const client::Error& error) {
    constexpr std::chrono::seconds kPause{1};
    const bool may_pass =
        error.kind == client::ErrorKind::Unreachable || error.kind == client::ErrorKind::Undecided;
    if (!options_.is_followed || !may_pass) return std::unexpected(error);
    if (!is_silent_) std::cerr << "giro: " << error.to_string() << "; asking again\n";
    is_silent_ = true;
    std::this_thread::sleep_for(kPause);
    return {};
  }

  // Whether it was the newest page.
  std::expected<bool, client::Error> take(const json::value& page) {
    const auto wrong = [](const char* text) {
      return std::unexpected(client::Error{client::ErrorKind::Internal, {}, text});
    };
    const auto* object = page.if_object();
    const auto* items = object == nullptr ? nullptr : array_field(*object, "items");
    const std::string next = object == nullptr ? "" : text_field(*object, "next_cursor");
    if (items == nullptr || items->size() > limit() || !is_place(next))
      return wrong("the node's answer is no list of events");
    const bool is_head = bool_field(*object, "at_head");
    if (!is_head && next == after_) return wrong("the node's list of events does not go on");
    for (const auto& item : *items) {
      if (!item.is_object()) return wrong("the node's answer is no list of events");
      if (run_.json)
        print_json(kEvents, item.get_object());
      else
        print_event(item.get_object());
    }
    printed_ += items->size();
    std::cout.flush();
    if (!std::cout) return std::unexpected(cannot_print());
    // After what it stands for: who is interrupted in between sees some events again, and misses
    // none.
    if (!options_.cursor_file.empty() && next != after_) {
      constexpr unsigned kMode = 0644;
      if (auto kept = client::write_file_durably(options_.cursor_file, next + '\n', kMode); !kept)
        return std::unexpected(kept.error());
    }
    after_ = next;
    return is_head;
  }

  [[nodiscard]] static client::Error cannot_print() {
    return {client::ErrorKind::WriteFailed, {}, "cannot write the events to standard output"};
  }

  Run& run_;
  const EventsOptions& options_;
  client::Session& session_;
  std::string filter_, after_;
  std::size_t printed_ = 0;
  bool is_silent_ = false;  // and has been told
};

void show_events(Run& run, const EventsOptions& options) {
  auto after = first_place(options);
  if (!after) return fail(run, kEvents, after.error());
  auto session = open_session(run);
  if (!session) return fail(run, kEvents, session.error());
  auto filter = filter_of(options, *session);
  if (!filter) return fail(run, kEvents, filter.error());
  const auto read =
      EventReader(run, options, *session, std::move(*filter), std::move(*after)).read();
  if (!read) fail(run, kEvents, read.error());
}

}  // namespace

void add_events(CLI::App& app, Run& run) {
  auto options = std::make_shared<EventsOptions>();
  CLI::App* events = app.add_subcommand("events", "What happened on the ledger, in order");
  events->add_flag("--json", run.json, "One JSON document a line for each event");
  add_profile_option(*events, run);
  events->add_option("--after", options->after,
                     "What came after this event, HEIGHT.N; 0.0: from the beginning");
  events->add_flag("--follow", options->is_followed,
                   "Also what happens from now on, until stopped");
  events->add_option("--cursor-file", options->cursor_file,
                     "Go on where this file says, and keep the place in it");
  events->add_option("--type", options->types, "Only these, as payment_settled,entry")
      ->delimiter(',');
  events->add_option("--account", options->account,
                     "Only what names this account, ALICE or bank-a/<32 digits>");
  events->add_option("--token", options->token, "Only what names this token, bank-a.USD");
  events->add_option("--count", options->count, "Stop after so many");
  events->callback([&run, options] { show_events(run, *options); });
}

}  // namespace giro::cli
