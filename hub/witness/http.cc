#include "hub/witness/http.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "hub/base/error.h"
#include "hub/witness/request.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wextra"
#include "httplib.h"
#pragma GCC diagnostic pop

namespace signpost::witness {
namespace {

constexpr int kThreads = 4;
constexpr int kTimeoutSeconds = 5;
// Connecting cannot be given up half way.
constexpr std::chrono::milliseconds kConnectTimeoutMax(2000);
constexpr size_t kAnswerBytesMax = 16 << 10;

class HttplibServer final : public WitnessServer {
 public:
  HttplibServer(std::unique_ptr<httplib::Server> server, Witness* witness)
      : server_(std::move(server)) {
    server_->new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    // The library's own choice would let two processes share the port.
    server_->set_socket_options([](socket_t socket) {
      int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    server_->set_payload_max_length(kRequestBytesMax);
    server_->set_read_timeout(kTimeoutSeconds);
    server_->set_write_timeout(kTimeoutSeconds);
    // A connection that is kept open holds one of few threads.
    server_->set_keep_alive_timeout(1);
    server_->set_keep_alive_max_count(100);
    server_->Get("/ping", [](const httplib::Request&, httplib::Response& response) {
      response.set_content("pong\n", "text/plain");
    });
    server_->Post(kAddCheckpointPath,
                  [witness](const httplib::Request& request, httplib::Response& response) {
                    const Answer answer = witness->AddCheckpoint(request.body);
                    response.status = answer.status;
                    response.set_content(answer.body, answer.content_type);
                  });
  }

  ~HttplibServer() override {
    if (!thread_.joinable()) return;
    server_->stop();
    thread_.join();
  }

  absl::Status Listen(const std::string& listen) {
    const size_t colon = listen.rfind(':');
    int port = 0;
    if (colon == std::string::npos || colon == 0 ||
        !absl::SimpleAtoi(listen.substr(colon + 1), &port) || port < 0 || port > 65535) {
      return base::InvalidField("listen", "must be an address and a port: \"0.0.0.0:8555\"");
    }
    std::string host = listen.substr(0, colon);
    if (absl::StartsWith(host, "[") && absl::EndsWith(host, "]")) {
      host = host.substr(1, host.size() - 2);
    }
    port_ = port == 0                           ? server_->bind_to_any_port(host)
            : server_->bind_to_port(host, port) ? port
                                                : -1;
    if (port_ <= 0) {
      return base::InvalidField("listen",
                                absl::StrCat("cannot listen on ", listen,
                                             ": the address is not this machine's, or another "
                                             "process has the port"));
    }
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    // A stop() before the thread has begun to listen would be lost.
    for (int i = 0; i < 5000 && !server_->is_running(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return absl::OkStatus();
  }

  int port() const override { return port_; }

 private:
  const std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::thread thread_;
};

// "https://host:port" and "/prefix" of a URL.
std::pair<std::string, std::string> SplitUrl(const std::string& url) {
  const size_t slash = url.find('/', url.find("://") + 3);
  if (slash == std::string::npos) return {url, ""};
  std::string prefix = url.substr(slash);
  while (absl::EndsWith(prefix, "/")) prefix.pop_back();
  return {url.substr(0, slash), prefix};
}

class HttplibChannel final : public WitnessChannel {
 public:
  explicit HttplibChannel(const HttpChannelOptions& options)
      : client_(SplitUrl(options.url).first),
        path_(SplitUrl(options.url).second + kAddCheckpointPath) {
    const auto timeout = absl::ToChronoMilliseconds(options.timeout);
    client_.set_connection_timeout(std::min(timeout, kConnectTimeoutMax));
    client_.set_read_timeout(timeout);
    client_.set_write_timeout(timeout);
    client_.set_keep_alive(false);  // a second between requests: the other end needs its threads
    client_.set_follow_location(false);
    if (!options.ca_file.empty()) client_.set_ca_cert_path(options.ca_file.c_str());
    client_.enable_server_certificate_verification(true);
  }

  absl::StatusOr<Answer> AddCheckpoint(const std::string& body) override {
    Answer answer;
    bool too_large = false;
    httplib::Request request;
    request.method = "POST";
    request.path = path_;
    request.body = body;
    request.set_header("Content-Type", "text/plain; charset=utf-8");
    request.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t) {
      too_large = answer.body.size() + size > kAnswerBytesMax;
      if (!too_large) answer.body.append(data, size);
      return !too_large;
    };
    if (cancelled_) return absl::UnavailableError("no answer: given up");
    const httplib::Result result = client_.send(request);
    if (too_large) return absl::UnavailableError("the answer is too large to be a witness's");
    if (!result) {
      return absl::UnavailableError(
          absl::StrCat("no answer: ", httplib::to_string(result.error())));
    }
    answer.status = result->status;
    answer.content_type = result->get_header_value("Content-Type");
    return answer;
  }

  void Cancel() override {
    cancelled_ = true;
    client_.stop();
  }

 private:
  httplib::Client client_;
  const std::string path_;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<WitnessServer>> WitnessServer::Start(const Options& options,
                                                                    Witness* witness) {
  std::unique_ptr<httplib::Server> server;
  if (options.certificate_file.empty() && options.key_file.empty()) {
    server = std::make_unique<httplib::Server>();
  } else {
    server = std::make_unique<httplib::SSLServer>(options.certificate_file.c_str(),
                                                  options.key_file.c_str());
    if (!server->is_valid()) {
      return base::Error(
          base::Reason::kKeyUnavailable,
          absl::StrCat("the TLS certificate ", options.certificate_file, " and key ",
                       options.key_file,
                       " cannot be used: PEM files that belong together are wanted"));
    }
  }
  auto serving = std::make_unique<HttplibServer>(std::move(server), witness);
  absl::Status listening = serving->Listen(options.listen);
  if (!listening.ok()) return listening;
  return std::unique_ptr<WitnessServer>(std::move(serving));
}

absl::Status CheckWitnessUrl(const std::string& url) {
  const size_t host = absl::StartsWith(url, "https://")  ? 8
                      : absl::StartsWith(url, "http://") ? 7
                                                         : 0;
  if (host == 0 || url.size() == host || url[host] == '/' || url[host] == ':' ||
      url.find_first_of("?# \t\r\n@") != std::string::npos) {
    return absl::InvalidArgumentError(
        "must be the witness's address: \"https://witness.example:8555\"");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<WitnessChannel>> NewHttpChannel(const HttpChannelOptions& options) {
  const absl::Status good = CheckWitnessUrl(options.url);
  if (!good.ok()) return good;
  return std::unique_ptr<WitnessChannel>(std::make_unique<HttplibChannel>(options));
}

}  // namespace signpost::witness
