#include "adapters/cli/ledger/syslog_sender.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "hub/base/crypto.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"

namespace signpost::adapters::cli {
namespace {

constexpr int kTimeoutSeconds = 30;
constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";  // RFC 5424: the text is UTF-8

std::string OpenSslReason() {
  std::string reason;
  while (const unsigned long code = ERR_get_error()) {
    const char* const text = ERR_reason_error_string(code);
    if (text != nullptr) reason = text;
  }
  return reason.empty() ? "the connection broke" : reason;
}

bool IsAddress(const std::string& host) {
  in6_addr six;
  in_addr four;
  return inet_pton(AF_INET, host.c_str(), &four) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &six) == 1;
}

// A socket to any of the host's addresses, with timeouts, so that nothing waits for ever.
absl::StatusOr<int> Dial(const SyslogTarget& target) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code =
          getaddrinfo(target.host.c_str(), absl::StrCat(target.port).c_str(), &hints, &found);
      code != 0) {
    return absl::UnavailableError(
        absl::StrCat("there is no host ", target.host, ": ", gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, freeaddrinfo);
  std::string why = "it has no address";
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0) continue;
    timeval patience{};
    patience.tv_sec = kTimeoutSeconds;
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (connect(fd, at->ai_addr, at->ai_addrlen) == 0) return fd;
    why = std::strerror(errno);
    close(fd);
  }
  return absl::UnavailableError(
      absl::StrCat("cannot reach ", target.host, " on port ", target.port, ": ", why));
}

}  // namespace

absl::StatusOr<SyslogTarget> ParseSyslogAddress(const std::string& text) {
  SyslogTarget target;
  std::string port;
  // An IPv6 address has colons of its own and stands in brackets where a port follows.
  const size_t bracket = text.find(']');
  const size_t colon = text.rfind(':');
  if (!text.empty() && text[0] == '[' && bracket != std::string::npos) {
    target.host = text.substr(1, bracket - 1);
    if (bracket + 1 < text.size()) port = text.substr(bracket + 1);
  } else {
    target.host = text.substr(0, colon);
    if (colon != std::string::npos) port = text.substr(colon);
  }
  // The port stands behind a colon.
  const bool port_right =
      port.empty() ||
      (port[0] == ':' && port.size() <= 6 &&
       std::all_of(port.begin() + 1, port.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
       absl::SimpleAtoi(port.substr(1), &target.port) && target.port >= 1 && target.port <= 65'535);
  if (target.host.empty() || !port_right ||
      (target.host.find(':') != std::string::npos && !IsAddress(target.host))) {
    return absl::InvalidArgumentError("the syslog server is wanted as HOST or HOST:PORT");
  }
  return target;
}

std::string SyslogMessage(const std::string& time, bool failed, const std::string& host_name,
                          const std::string& text) {
  constexpr int kFacility = 10;  // RFC 5424: security and authorisation
  std::string host;
  for (const char c : host_name.substr(0, 255)) {
    if (c > ' ' && c <= '~') host += c;
  }
  if (host.empty()) host = "-";
  return absl::StrCat("<", kFacility * 8 + (failed ? 4 : 5), ">1 ", time, " ", host, " signpost ",
                      getpid(), " DICOM+RFC3881 - ", kByteOrderMark, text);
}

std::string SyslogFrame(const std::string& message) {
  return absl::StrCat(message.size(), " ", message);
}

absl::StatusOr<std::unique_ptr<SyslogSender>> SyslogSender::Open(const SyslogTarget& target) {
  // A server that hangs up must be an error of a write, not the end of this program.
  std::signal(SIGPIPE, SIG_IGN);
  ERR_clear_error();
  std::unique_ptr<SyslogSender> sender(new SyslogSender());
  sender->context_ = {SSL_CTX_new(TLS_client_method()), SSL_CTX_free};
  SSL_CTX* const context = sender->context_.get();
  if (context == nullptr || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
    return absl::InternalError(OpenSslReason());
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // Only this authority: the machine's own list is for the web.
  if (SSL_CTX_load_verify_locations(context, target.ca_path.c_str(), nullptr) != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(target.ca_path, " holds no certificate of an authority: ", OpenSslReason()));
  }
  if (!target.certificate_path.empty()) {
    // Says what to do about a key that others can read.
    SIGNPOST_RETURN_IF_ERROR(
        base::ReadSecretFile(target.key_path, base::kKeyFileBytesMax).status());
    if (SSL_CTX_use_certificate_chain_file(context, target.certificate_path.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, target.key_path.c_str(), SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1) {
      return absl::InvalidArgumentError(absl::StrCat(target.certificate_path, " and ",
                                                     target.key_path,
                                                     " do not belong together: ", OpenSslReason()));
    }
  }
  SIGNPOST_ASSIGN_OR_RETURN(sender->socket_, Dial(target));
  sender->connection_ = {SSL_new(context), SSL_free};
  SSL* const connection = sender->connection_.get();
  bool named = connection != nullptr && SSL_set_fd(connection, sender->socket_) == 1;
  if (named && IsAddress(target.host)) {
    named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(connection), target.host.c_str()) == 1;
  } else if (named) {
    SSL_set_hostflags(connection, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    named = SSL_set1_host(connection, target.host.c_str()) == 1 &&
            SSL_set_tlsext_host_name(connection, target.host.c_str()) == 1;
  }
  if (!named) return absl::InternalError(OpenSslReason());
  if (SSL_connect(connection) != 1) {
    const long verified = SSL_get_verify_result(connection);
    if (verified != X509_V_OK) {
      return absl::PermissionDeniedError(
          absl::StrCat("the server at ", target.host,
                       " is not to be trusted: ", X509_verify_cert_error_string(verified)));
    }
    return absl::UnavailableError(absl::StrCat("no TLS with ", target.host, ": ", OpenSslReason()));
  }
  return sender;
}

SyslogSender::~SyslogSender() {
  connection_.reset();
  if (socket_ >= 0) close(socket_);
}

absl::Status SyslogSender::Send(const std::string& message) {
  const std::string frame = SyslogFrame(message);
  ERR_clear_error();
  size_t written = 0;
  if (SSL_write_ex(connection_.get(), frame.data(), frame.size(), &written) != 1 ||
      written != frame.size()) {
    return absl::UnavailableError(
        absl::StrCat("the syslog server took no more: ", OpenSslReason()));
  }
  return absl::OkStatus();
}

absl::Status SyslogSender::Close() {
  ERR_clear_error();
  if (SSL_shutdown(connection_.get()) == 0) {
    // Ours is sent; theirs comes when they have read to it. What they send before is not for us.
    std::vector<char> ignored(4096);
    size_t read = 0;
    int result = 1;
    while (result == 1) {
      result = SSL_read_ex(connection_.get(), ignored.data(), ignored.size(), &read);
    }
    // An alert ends it, too, and then nothing may have been kept: with TLS 1.3 that is how a server
    // says that it wants to know who we are, after we began to write.
    if (SSL_get_error(connection_.get(), result) == SSL_ERROR_ZERO_RETURN) return absl::OkStatus();
  }
  return absl::UnavailableError(
      absl::StrCat("the syslog server ended the connection without saying that it had read "
                   "everything; look there what arrived: ",
                   OpenSslReason()));
}

}  // namespace signpost::adapters::cli
