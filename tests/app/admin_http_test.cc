#include "hub/app/admin_http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "hub/base/error.h"

namespace signpost::app {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// One request as typed by hand, so that nothing of the library under test is in the client.
std::string Ask(int port, const std::string& path, const std::string& host = "127.0.0.1") {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0) {
    const std::string request =
        "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
    (void)!write(fd, request.data(), request.size());
    char bytes[4096];
    for (ssize_t n = read(fd, bytes, sizeof(bytes)); n > 0; n = read(fd, bytes, sizeof(bytes))) {
      answer.append(bytes, static_cast<size_t>(n));
    }
  }
  close(fd);
  return answer;
}

class AdminHttpTest : public ::testing::Test {
 protected:
  app::AdminPages Pages() {
    app::AdminPages pages;
    pages.health = [this] {
      return std::make_pair(healthy_.load(), nlohmann::json{{"status", "serving"}});
    };
    pages.info = [] { return nlohmann::json{{"version", "0.1.0"}}; };
    pages.metrics = &metrics_;
    return pages;
  }
  std::atomic<bool> healthy_ = true;
  rpc::Metrics metrics_;
};

TEST_F(AdminHttpTest, ServesItsPages) {
  metrics_.AddCounter("signpost_answers_total", "Answers.", {{"kind", "a\"b"}})->Add(3);
  metrics_.AddGauge("signpost_size", "Size.", [] { return 2.5; });
  metrics_.AddHistogram("signpost_seconds", "Time.", {{"m", "x"}})->Observe(absl::Milliseconds(3));
  metrics_.AddHistogram("signpost_seconds", "Time.", {{"m", "unused"}});
  auto admin = app::AdminHttp::Start("127.0.0.1:0", Pages());
  ASSERT_TRUE(admin.ok()) << admin.status();
  const int port = (*admin)->port();
  EXPECT_THAT(Ask(port, "/ping"), HasSubstr("pong"));
  EXPECT_THAT(Ask(port, "/health"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Ask(port, "/health"), HasSubstr("\"status\":\"serving\""));
  healthy_ = false;
  EXPECT_THAT(Ask(port, "/health"), StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(Ask(port, "/info"), HasSubstr("\"version\":\"0.1.0\""));
  EXPECT_THAT(Ask(port, "/anything"), StartsWith("HTTP/1.1 404"));
  const std::string metrics = Ask(port, "/metrics");
  EXPECT_THAT(metrics, HasSubstr("# TYPE signpost_answers_total counter\n"
                                 "signpost_answers_total{kind=\"a\\\"b\"} 3\n"));
  EXPECT_THAT(metrics, HasSubstr("signpost_size 2.5\n"));
  EXPECT_THAT(metrics, HasSubstr("signpost_seconds_bucket{m=\"x\",le=\"0.0025\"} 0\n"));
  EXPECT_THAT(metrics, HasSubstr("signpost_seconds_bucket{m=\"x\",le=\"0.005\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("signpost_seconds_bucket{m=\"x\",le=\"+Inf\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("signpost_seconds_sum{m=\"x\"} 0.003\n"));
  EXPECT_THAT(metrics, ::testing::Not(HasSubstr("unused")));
}

TEST_F(AdminHttpTest, AWebPageCannotReadItThroughAName) {
  auto admin = app::AdminHttp::Start("127.0.0.1:0", Pages());
  ASSERT_TRUE(admin.ok());
  EXPECT_THAT(Ask((*admin)->port(), "/info", "evil.example"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(Ask((*admin)->port(), "/info", "localhost:1"), StartsWith("HTTP/1.1 200"));
}

TEST_F(AdminHttpTest, OnlyLoopbackIsListenedOn) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", ":0", "192.168.1.1:0", "127.0.0.1.example:0",
                              "127.1:0", "127.0.0.256:0", "localhost.evil.example:0", "127.0.0.1",
                              "127.0.0.1:x", "127.0.0.1:70000", ""}) {
    EXPECT_EQ(base::ReasonOf(app::AdminHttp::Start(address, Pages()).status()),
              base::Reason::kInvalidField)
        << address;
  }
  EXPECT_TRUE(app::AdminHttp::Start("localhost:0", Pages()).ok());
  EXPECT_TRUE(app::AdminHttp::Start("127.9.9.9:0", Pages()).ok());
}

TEST_F(AdminHttpTest, APortInUseIsAnError) {
  auto admin = app::AdminHttp::Start("127.0.0.1:0", Pages());
  ASSERT_TRUE(admin.ok());
  const auto second =
      app::AdminHttp::Start("127.0.0.1:" + std::to_string((*admin)->port()), Pages());
  EXPECT_EQ(base::ReasonOf(second.status()), base::Reason::kInvalidField);
}

}  // namespace
}  // namespace signpost::app
