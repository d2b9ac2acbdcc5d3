#include "testnet/link_proxy.h"

#include <algorithm>
#include <future>
#include <map>
#include <thread>
#include <utility>

#include "testnet/relay.h"

namespace giro::testnet {

namespace asio = boost::asio;
using asio::ip::tcp;

struct LinkProxy::Loop {
  using Pair = std::pair<std::string, std::string>;

  asio::io_context context{1};
  std::map<Pair, Link> links;  // (from, to); no entry moves or goes
  std::map<Pair, std::shared_ptr<Relay>> relays;
  std::thread thread;

  // Does it on the loop's thread and waits.
  template <typename Action>
  auto run(Action action) {
    auto task = std::make_shared<std::packaged_task<decltype(action())()>>(std::move(action));
    auto done = task->get_future();
    asio::post(context, [task] { (*task)(); });
    return done.get();
  }
  void cut(const std::string& one, const std::string& other) {
    for (const auto& pair : {Pair(one, other), Pair(other, one)}) {
      relays.at(pair)->refuse(true);
      relays.at(pair)->reset();
    }
  }
  void resume() {
    for (const auto& [pair, relay] : relays) relay->resume();
  }
};

LinkProxy::LinkProxy(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {
  loop_->thread = std::thread([this] {
    const auto stays = asio::make_work_guard(loop_->context);
    loop_->context.run();
  });
}

LinkProxy::~LinkProxy() {
  loop_->run([this] {
    for (const auto& [pair, relay] : loop_->relays) relay->close();
  });
  loop_->context.stop();
  loop_->thread.join();
}

std::expected<std::unique_ptr<LinkProxy>, std::string> LinkProxy::start(
    const std::vector<Node>& nodes) {
  auto loop = std::make_unique<Loop>();
  for (const auto& from : nodes) {
    for (const auto& to : nodes) {
      if (from.name == to.name) continue;
      const tcp::endpoint target(asio::ip::address_v4::loopback(), to.p2p);
      auto relay = std::make_shared<Relay>(loop->context, target, loop->links[{from.name, to.name}],
                                           loop->links[{to.name, from.name}]);
      if (auto listens = relay->listen(); !listens) return std::unexpected(listens.error());
      loop->relays.emplace(Loop::Pair(from.name, to.name), std::move(relay));
    }
  }
  return std::unique_ptr<LinkProxy>(new LinkProxy(std::move(loop)));
}

config::HostPort LinkProxy::address(const std::string& from, const std::string& to) const {
  return {"127.0.0.1", loop_->relays.at({from, to})->port()};  // does not change
}

void LinkProxy::delay(const Direction& link, std::chrono::milliseconds by) {
  loop_->run([&] { loop_->links.at({link.from, link.to}).delay = by; });
}

void LinkProxy::throttle(const Direction& link, std::uint64_t bytes_per_second) {
  loop_->run([&] { loop_->links.at({link.from, link.to}).rate = bytes_per_second; });
}

void LinkProxy::stall(const Direction& link) {
  loop_->run([&] { loop_->links.at({link.from, link.to}).stalled = true; });
}

void LinkProxy::corrupt(const Direction& link) {
  loop_->run([&] { loop_->links.at({link.from, link.to}).corrupts = true; });
}

void LinkProxy::reset(const std::string& one, const std::string& other) {
  loop_->run([&] {
    loop_->relays.at({one, other})->reset();
    loop_->relays.at({other, one})->reset();
  });
}

void LinkProxy::cut(const std::string& one, const std::string& other) {
  loop_->run([&] { loop_->cut(one, other); });
}

void LinkProxy::partition(const std::vector<std::vector<std::string>>& groups) {
  const auto are_together = [&groups](const std::string& one, const std::string& other) {
    return std::ranges::any_of(groups, [&](const auto& group) {
      return std::ranges::count(group, one) > 0 && std::ranges::count(group, other) > 0;
    });
  };
  loop_->run([&] {
    for (const auto& [pair, relay] : loop_->relays) {
      if (!are_together(pair.first, pair.second)) loop_->cut(pair.first, pair.second);
    }
  });
}

void LinkProxy::heal() {
  loop_->run([this] {
    for (auto& [pair, link] : loop_->links) link = Link{.carried = link.carried};
    for (const auto& [pair, relay] : loop_->relays) relay->refuse(false);
    loop_->resume();
  });
}

LinkProxy::Traffic LinkProxy::traffic(const Direction& link) const {
  return loop_->run([&] {
    const auto& relay = *loop_->relays.at({link.from, link.to});
    return Traffic{.carried = loop_->links.at({link.from, link.to}).carried,
                   .dialled = relay.accepted(),
                   .connections = relay.connections(),
                   .held = relay.held()};
  });
}

}  // namespace giro::testnet
