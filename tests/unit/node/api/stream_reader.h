// A reader of GET /v1/events as a stream, byte by byte as a client that knows nothing of giro.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace giro::test {

namespace asio = boost::asio;

// What one message of text/event-stream says.
struct StreamMessage {
  std::string id, event, data;
};

// One reader, that takes the chunks of the answer apart.
class StreamReader {
 public:
  StreamReader(std::uint16_t port, const std::string& query, const std::string& last_id = {},
               int buffer_bytes = 0)
      : io_(std::make_unique<asio::io_context>()), socket_(*io_) {
    socket_.open(asio::ip::tcp::v4());
    if (buffer_bytes != 0) socket_.set_option(asio::socket_base::receive_buffer_size(buffer_bytes));
    socket_.connect({asio::ip::address_v4::loopback(), port});
    asio::write(
        socket_,
        asio::buffer("GET /v1/events" + query +
                     " HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n" +
                     (last_id.empty() ? "" : "Last-Event-ID: " + last_id + "\r\n") + "\r\n"));
  }
  std::string head() { return take_until("\r\n\r\n"); }
  // nullopt: the stream has ended.
  std::optional<StreamMessage> next() {
    while (text_.find("\n\n") == std::string::npos) {
      if (!take_chunk()) return std::nullopt;
    }
    const auto end = text_.find("\n\n");
    StreamMessage message;
    std::string lines = text_.substr(0, end + 1);
    text_.erase(0, end + 2);
    while (!lines.empty()) {
      const auto line = lines.substr(0, lines.find('\n'));
      lines.erase(0, line.size() + 1);
      const auto colon = line.find(": ");
      const auto name = line.substr(0, colon);
      (name == "id"      ? message.id
       : name == "event" ? message.event
                         : message.data) = line.substr(colon + 2);
    }
    return message;
  }
  // "1.1 entry" for each, without the beats.
  std::vector<std::string> events(std::size_t count) {
    std::vector<std::string> out;
    while (out.size() < count) {
      const auto message = next();
      if (!message) break;
      if (message->event != "height") out.push_back(message->id + " " + message->event);
    }
    return out;
  }

  // It ended with the last chunk.
  [[nodiscard]] bool has_ended_well() const { return has_ended_well_; }

 private:
  std::string take_until(const std::string& end) {
    boost::system::error_code error;
    const std::size_t size = asio::read_until(socket_, asio::dynamic_buffer(received_), end, error);
    std::string out = received_.substr(0, size);
    received_.erase(0, size);
    return out;
  }
  bool take_chunk() {
    const std::string size_line = take_until("\r\n");
    const std::size_t size = size_line.empty() ? 0 : std::stoul(size_line, nullptr, 16);
    if (size == 0) {
      has_ended_well_ = !size_line.empty();
      return false;
    }
    boost::system::error_code error;
    if (received_.size() < size + 2)
      asio::read(socket_, asio::dynamic_buffer(received_),
                 asio::transfer_exactly(size + 2 - received_.size()), error);
    text_ += received_.substr(0, size);
    received_.erase(0, size + 2);
    return !error;
  }

  std::unique_ptr<asio::io_context> io_;
  asio::ip::tcp::socket socket_;
  std::string received_, text_;
  bool has_ended_well_ = false;
};

}  // namespace giro::test
