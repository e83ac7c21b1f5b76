#include "hub/app/admin_http.h"

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "hub/base/error.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wextra"
#include "httplib.h"
#pragma GCC diagnostic pop

namespace signpost::app {
namespace {

constexpr int kThreads = 2;
constexpr size_t kRequestBytesMax = 8 << 10;

struct Address {
  std::string host;
  int port = 0;
};

bool IsLoopback(absl::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  if (!absl::StartsWith(host, "127.")) return false;
  const std::vector<absl::string_view> parts = absl::StrSplit(host, '.');
  if (parts.size() != 4) return false;
  for (const absl::string_view part : parts) {
    int number = -1;
    if (part.size() > 3 || !absl::SimpleAtoi(part, &number) || number < 0 || number > 255) {
      return false;
    }
  }
  return true;
}

absl::StatusOr<Address> ReadAddress(const std::string& text) {
  const size_t colon = text.rfind(':');
  Address address;
  if (colon == std::string::npos || !absl::SimpleAtoi(text.substr(colon + 1), &address.port) ||
      address.port < 0 || address.port > 65535) {
    return base::InvalidField("admin_listen", "must be an address and a port: \"127.0.0.1:9443\"");
  }
  absl::string_view host = absl::string_view(text).substr(0, colon);
  if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
    host = host.substr(1, host.size() - 2);
  }
  if (!IsLoopback(host)) {
    return base::InvalidField(
        "admin_listen",
        "must be a loopback address (127.0.0.1, ::1 or localhost): these pages "
        "have no authentication");
  }
  address.host = std::string(host);
  return address;
}

class HttplibAdmin final : public AdminHttp {
 public:
  explicit HttplibAdmin(AdminPages pages) : pages_(std::move(pages)) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    // The library's own choice would let two processes share the port.
    server_.set_socket_options([](socket_t socket) {
      int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    server_.set_payload_max_length(kRequestBytesMax);
    server_.set_read_timeout(5);
    server_.set_write_timeout(5);
    server_.set_keep_alive_max_count(10);
    // A web page in the operator's browser must not read these through a name that it made point at
    // loopback.
    server_.set_pre_routing_handler(
        [](const httplib::Request& request, httplib::Response& response) {
          const std::string host_header = request.get_header_value("Host");
          std::string host = host_header.substr(0, host_header.rfind(':'));
          if (absl::StartsWith(host_header, "["))
            host = host_header.substr(1, host_header.find(']') - 1);
          if (host_header.empty() || IsLoopback(host)) {
            return httplib::Server::HandlerResponse::Unhandled;
          }
          response.status = 403;
          response.set_content("ask by a loopback address\n", "text/plain");
          return httplib::Server::HandlerResponse::Handled;
        });
    server_.Get("/ping", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("pong\n", "text/plain");
    });
    server_.Get("/health", [this](const httplib::Request&, httplib::Response& response) {
      const auto [good, page] = pages_.health();
      response.status = good ? 200 : 503;
      response.set_content(page.dump() + "\n", "application/json");
    });
    server_.Get("/info", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(pages_.info().dump() + "\n", "application/json");
    });
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(pages_.metrics != nullptr ? pages_.metrics->Text() : "",
                           "text/plain; version=0.0.4");
    });
  }

  ~HttplibAdmin() override {
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
  }

  absl::Status Listen(const Address& address) {
    port_ = address.port == 0 ? server_.bind_to_any_port(address.host)
            : server_.bind_to_port(address.host, address.port) ? address.port
                                                               : -1;
    if (port_ <= 0) {
      return base::InvalidField("admin_listen",
                                absl::StrCat("cannot listen on ", address.host, ":", address.port,
                                             ": another process has the port. Stop it, or choose "
                                             "another."));
    }
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // A stop() before the thread has begun to listen would be lost.
    for (int i = 0; i < 5000 && !server_.is_running(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return absl::OkStatus();
  }

  int port() const override { return port_; }

 private:
  const AdminPages pages_;
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AdminHttp>> AdminHttp::Start(const std::string& address,
                                                            AdminPages pages) {
  absl::StatusOr<Address> where = ReadAddress(address);
  if (!where.ok()) return std::move(where).status();
  auto admin = std::make_unique<HttplibAdmin>(std::move(pages));
  absl::Status listening = admin->Listen(*where);
  if (!listening.ok()) return listening;
  return admin;
}

}  // namespace signpost::app
