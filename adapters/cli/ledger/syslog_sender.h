// A SyslogSender is a connection that sends to a syslog server over TLS: RFC 5425 (each message
// behind its length, TLS 1.2 or later) of RFC 5424 messages with audit messages, as IHE ATNA wants.
//
// The server must show a certificate for the name it was called by, signed by the authority given.
// Syslog has no acknowledgement: Close() tells that the server took the connection's end, no more.
//
// Not thread-safe. Blocks; a server that takes nothing for half a minute is given up.

#ifndef SIGNPOST_ADAPTERS_CLI_LEDGER_SYSLOG_SENDER_H_
#define SIGNPOST_ADAPTERS_CLI_LEDGER_SYSLOG_SENDER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct ssl_ctx_st;
struct ssl_st;

namespace signpost::adapters::cli {

inline constexpr int kSyslogPort = 6514;  // of RFC 5425

struct SyslogTarget {
  std::string host;
  int port = kSyslogPort;
  std::string ca_path;           // PEM of the authority that signed the server's certificate
  std::string certificate_path;  // PEM of our own, where the server asks for one; may be empty
  std::string key_path;          // its key, readable by its owner alone
};
// "host", "host:port" or "[address]:port". Errors: INVALID_ARGUMENT.
[[nodiscard]] absl::StatusOr<SyslogTarget> ParseSyslogAddress(const std::string& text);

// One message with its header: facility 10 (security), severity 5 (notice) or, for what failed, 4
// (warning). `time` is RFC 3339 with at most six digits of a second.
std::string SyslogMessage(const std::string& time, bool failed, const std::string& host_name,
                          const std::string& text);
// A message as it goes over the wire: "LENGTH SP MESSAGE".
std::string SyslogFrame(const std::string& message);

class SyslogSender {
 public:
  // Connects and shakes hands. Errors: INVALID_ARGUMENT or FAILED_PRECONDITION for files that are
  // not right; UNAVAILABLE when the server cannot be reached; PERMISSION_DENIED when it is not who
  // it should be.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<SyslogSender>> Open(
      const SyslogTarget& target);
  ~SyslogSender();
  SyslogSender(const SyslogSender&) = delete;
  SyslogSender& operator=(const SyslogSender&) = delete;

  // Errors: UNAVAILABLE; what was sent before may or may not have been kept.
  [[nodiscard]] absl::Status Send(const std::string& message);
  // Says that nothing more comes and waits until the server says so, too. Errors: UNAVAILABLE when
  // it does not: it may not have read everything.
  [[nodiscard]] absl::Status Close();

 private:
  SyslogSender() = default;

  std::unique_ptr<ssl_ctx_st, void (*)(ssl_ctx_st*)> context_{nullptr, nullptr};
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> connection_{nullptr, nullptr};
  int socket_ = -1;
};

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_LEDGER_SYSLOG_SENDER_H_
