#include "adapters/kit/mailbox.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <thread>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "hub/base/error.h"
#include "hub/base/json_log.h"
#include "hub/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace signpost::adapters {
namespace {

using signpost::v1::SubscribeRequest;
using signpost::v1::SubscribeResponse;

// As it stands in a file of notices: what it tells of, and the flag it is about, if any.
struct BodyParts {
  const char* kind = "other";
  const signpost::v1::FlagReference* flag = nullptr;
  const signpost::v1::FlagViewer* viewer = nullptr;
  uint64_t override_number = 0;
  // What only this kind has.
  std::vector<std::pair<const char*, std::string>> more = {};
};

BodyParts PartsOfCover(const signpost::v1::CoverChanged& cover) {
  BodyParts parts{cover.has_until() ? "cover-began" : "cover-ended"};
  parts.more = {{"covering_practitioner_id", cover.covering_practitioner_id()},
                {"covered_practitioner_id", cover.covered_practitioner_id()}};
  if (cover.has_until()) {
    parts.more.emplace_back(
        "until", absl::FormatTime(absl::RFC3339_sec, absl::FromUnixSeconds(cover.until().seconds()),
                                  absl::UTCTimeZone()));
  }
  return parts;
}

// Of ConsentToConfirm and RefusalReplaced.
template <typename Body>
BodyParts PartsOfConsent(const char* kind, const Body& body) {
  BodyParts parts{kind};
  parts.more = {{"agency_person_id", body.agency_person_id()}, {"consent_id", body.consent_id()}};
  return parts;
}

BodyParts PartsOf(const signpost::v1::Notice& notice) {
  switch (notice.body_case()) {
    case signpost::v1::Notice::kFlagOpened:
      return {"flag-opened", &notice.flag_opened().flag()};
    case signpost::v1::Notice::kFlagClosed:
      return {"flag-closed", &notice.flag_closed().flag()};
    case signpost::v1::Notice::kFlagChanged:
      return {"flag-changed", &notice.flag_changed().flag()};
    case signpost::v1::Notice::kOverrideUsed: {
      const signpost::v1::OverrideUsed& used = notice.override_used();
      return {"override-used", &used.flag(), used.has_viewer() ? &used.viewer() : nullptr,
              used.override_number()};
    }
    case signpost::v1::Notice::kFlagShown: {
      const signpost::v1::FlagShown& shown = notice.flag_shown();
      return {"flag-shown", &shown.flag(), shown.has_viewer() ? &shown.viewer() : nullptr};
    }
    case signpost::v1::Notice::kOverrideOverdue:
      return {"override-overdue", nullptr, nullptr, notice.override_overdue().override_number()};
    case signpost::v1::Notice::kCoverChanged:
      return PartsOfCover(notice.cover_changed());
    case signpost::v1::Notice::kConsentToConfirm:
      return PartsOfConsent("consent-to-confirm", notice.consent_to_confirm());
    case signpost::v1::Notice::kRefusalReplaced:
      return PartsOfConsent("refusal-replaced", notice.refusal_replaced());
    case signpost::v1::Notice::kOverrideReported: {
      const signpost::v1::OverrideReported& used = notice.override_reported();
      BodyParts parts{"override-reported", nullptr, nullptr, used.override_number()};
      parts.more = {{"practitioner_id", used.practitioner_id()}, {"role", used.role()}};
      return parts;
    }
    case signpost::v1::Notice::kShieldLifted: {
      BodyParts parts{"shield-lifted"};
      parts.more = {{"agency_person_id", notice.shield_lifted().agency_person_id()}};
      return parts;
    }
    case signpost::v1::Notice::kRecordErased: {
      BodyParts parts{"record-erased"};
      parts.more = {{"record_id", notice.record_erased().record_id()}};
      return parts;
    }
    case signpost::v1::Notice::kRecordQuestion: {
      const signpost::v1::RecordQuestionPut& put = notice.record_question();
      BodyParts parts{"record-question"};
      parts.more = {{"agency_person_id", put.agency_person_id()},
                    {"question_id", put.question_id()},
                    {"question", signpost::v1::RecordQuestion_Name(put.question())}};
      return parts;
    }
    case signpost::v1::Notice::kReviewOverdue: {
      BodyParts parts{"review-overdue"};
      parts.more = {{"review_id", notice.review_overdue().review_id()}};
      return parts;
    }
    case signpost::v1::Notice::kConsentEnds: {
      BodyParts parts = PartsOfConsent("consent-ends", notice.consent_ends());
      parts.more.emplace_back("cause",
                              signpost::v1::ConsentEndCause_Name(notice.consent_ends().cause()));
      return parts;
    }
    case signpost::v1::Notice::kPersonDied: {
      BodyParts parts{"person-died"};
      parts.more = {{"agency_person_id", notice.person_died().agency_person_id()}};
      return parts;
    }
    case signpost::v1::Notice::kDeathWrong: {
      BodyParts parts{"death-wrong"};
      parts.more = {{"agency_person_id", notice.death_wrong().agency_person_id()}};
      return parts;
    }
    case signpost::v1::Notice::kHoldReview:
      return {"hold-review"};
    case signpost::v1::Notice::kRegistryChangeWaits: {
      BodyParts parts{"registry-change-waits"};
      parts.more = {{"change_id", notice.registry_change_waits().change_id()},
                    {"changed_id", notice.registry_change_waits().id()}};
      return parts;
    }
    case signpost::v1::Notice::kPolicyWaits: {
      BodyParts parts{"policy-waits"};
      parts.more = {{"sha256", notice.policy_waits().sha256()},
                    {"for_agency_id", notice.policy_waits().for_agency_id()}};
      return parts;
    }
    case signpost::v1::Notice::BODY_NOT_SET:
      return {};
  }
  return {};
}

}  // namespace

// The stream under way, so that Stop() in another thread can end it.
struct Mailbox::Active {
  absl::Mutex mutex;
  grpc::ClientContext* context ABSL_GUARDED_BY(mutex) = nullptr;
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  absl::Time heard_at ABSL_GUARDED_BY(mutex) = absl::Now();
  bool done ABSL_GUARDED_BY(mutex) = false;
};

Mailbox::Mailbox(std::shared_ptr<grpc::ChannelInterface> channel, base::RandomSource* random,
                 MailboxOptions options, Sleeper sleeper)
    : stub_(signpost::v1::ExchangeService::NewStub(channel)),
      random_(random),
      options_(std::move(options)),
      sleeper_(std::move(sleeper)),
      active_(std::make_shared<Active>()) {}

void Mailbox::Stop() {
  absl::MutexLock lock(&active_->mutex);
  active_->stopped = true;
  if (active_->context != nullptr) active_->context->TryCancel();
}

grpc::Status Mailbox::RunStream(const Handler& handler, int64_t* handled, bool* empty,
                                absl::Status* handler_status) {
  grpc::ClientContext context;
  {
    absl::MutexLock lock(&active_->mutex);
    if (active_->stopped) return grpc::Status::CANCELLED;
    active_->context = &context;
    active_->heard_at = absl::Now();
    active_->done = false;
  }
  const auto stream = stub_->Subscribe(&context);
  // Ends a stream that has gone silent; a live one has heartbeats.
  std::thread watch([this, &context] {
    absl::MutexLock lock(&active_->mutex);
    while (!active_->done) {
      active_->mutex.AwaitWithTimeout(absl::Condition(&active_->done), absl::Milliseconds(200));
      if (!active_->done && absl::Now() - active_->heard_at >= options_.silence_max) {
        context.TryCancel();
        active_->mutex.Await(absl::Condition(&active_->done));
      }
    }
  });
  SubscribeRequest request;
  request.mutable_open()->set_cursor(options_.cursor);
  request.mutable_open()->set_credits(options_.credits);
  bool alive = stream->Write(request);
  int64_t waiting_for_acknowledgement = 0;
  bool quiet = false;  // the hub said that nothing waits, and nothing came since
  SubscribeResponse response;
  while (alive && stream->Read(&response)) {
    {
      absl::MutexLock lock(&active_->mutex);
      active_->heard_at = absl::Now();
    }
    if (response.has_acknowledged()) --waiting_for_acknowledgement;
    if (response.has_heartbeat()) quiet = true;
    if (!response.has_delivered()) {
      // An acknowledgement still under way would be lost with the stream, and its message come
      // again.
      *empty = quiet && waiting_for_acknowledgement == 0;
      if (options_.until_empty && *empty) break;
      continue;
    }
    quiet = false;
    const signpost::v1::DeliveredMessage& message = response.delivered();
    signpost::v1::Notice notice;
    if (!notice.ParseFromString(message.payload())) {
      *handler_status = base::Error(base::Reason::kInternal,
                                    "a message of the mailbox cannot be read; upgrade the adapter");
      break;
    }
    request.Clear();
    signpost::v1::MessageOutcome* outcome = request.mutable_acknowledge()->add_outcomes();
    outcome->set_message_id(message.message_id());
    if (notice.body_case() == signpost::v1::Notice::BODY_NOT_SET) {
      // Of a kind that a later hub knows: it must not keep what is behind it from being read, and
      // the hub's ledger says that it was not taken.
      outcome->set_kind(signpost::v1::MESSAGE_OUTCOME_KIND_REJECTED);
      outcome->set_rejection(signpost::v1::MESSAGE_REJECTION_UNKNOWN_KIND);
    } else {
      *handler_status = handler(message, notice);
      if (!handler_status->ok()) break;
      outcome->set_kind(signpost::v1::MESSAGE_OUTCOME_KIND_DONE);
      ++*handled;
    }
    ++waiting_for_acknowledgement;
    alive = stream->Write(request);
    request.Clear();
    request.mutable_more_credits()->set_credits(1);
    alive = alive && stream->Write(request);
  }
  const bool over = (options_.until_empty && *empty) || !handler_status->ok();
  if (over) {
    stream->WritesDone();
    context.TryCancel();
  }
  {
    absl::MutexLock lock(&active_->mutex);
    active_->done = true;
    active_->context = nullptr;
  }
  watch.join();
  const grpc::Status status = stream->Finish();
  return over ? grpc::Status::OK : status;
}

absl::Status Mailbox::Read(const Handler& handler, int64_t* handled) {
  int fruitless = 0;
  while (true) {
    const int64_t before = *handled;
    bool empty = false;
    absl::Status handler_status;
    const grpc::Status status = RunStream(handler, handled, &empty, &handler_status);
    if (!handler_status.ok()) return handler_status;
    if (options_.until_empty && empty) return absl::OkStatus();
    {
      absl::MutexLock lock(&active_->mutex);
      if (active_->stopped) return absl::OkStatus();
    }
    HubError error = DecodeHubError(status);
    if (status.ok()) error.code = grpc::StatusCode::UNAVAILABLE;
    fruitless = *handled > before || empty ? 1 : fruitless + 1;
    // A watching adapter waits for its hub as long as it takes; only one that was asked to come
    // back gives up.
    const bool give_up = options_.until_empty && fruitless >= options_.retry.attempts_max;
    if (!error.Retryable() || give_up) return HubErrorToStatus(error, "reading the mailbox");
    if (!sleeper_(RetryDelay(options_.retry, fruitless + 1, error, random_))) {
      return absl::OkStatus();
    }
  }
}

absl::StatusOr<Mailbox::Handler> NoticeFile(const std::string& path) {
  struct File {
    int fd = -1;
    absl::flat_hash_set<std::string> seen;
    ~File() {
      if (fd >= 0) close(fd);
    }
  };
  auto file = std::make_shared<File>();
  std::ifstream before(path);
  int64_t whole_bytes = 0;
  std::string line;
  while (std::getline(before, line) && !before.eof()) {
    const nlohmann::json parsed = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    if (parsed.is_object() && parsed.contains("message_id") && parsed["message_id"].is_string()) {
      file->seen.insert(parsed["message_id"].get<std::string>());
    }
    whole_bytes += static_cast<int64_t>(line.size()) + 1;
  }
  file->fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  // A last line without its end is a torn one; its message was not acknowledged and comes again.
  if (file->fd < 0 || ftruncate(file->fd, whole_bytes) != 0) {
    return base::InvalidField(
        "notices", absl::StrCat(path, " cannot be written (", std::strerror(errno), ")"));
  }
  return Mailbox::Handler([file, path](const signpost::v1::DeliveredMessage& message,
                                       const signpost::v1::Notice& notice) -> absl::Status {
    if (file->seen.contains(message.message_id())) return absl::OkStatus();
    std::string text;
    const auto add = [&text](const char* key, const std::string& value) {
      absl::StrAppend(&text, text.empty() ? "{\"" : ",\"", key, "\":");
      base::AppendJsonString(value, &text);
    };
    add("message_id", message.message_id());
    const BodyParts body = PartsOf(notice);
    add("kind", body.kind);
    if (body.flag != nullptr) {
      add("agency_person_id", body.flag->agency_person_id());
      add("agency_id", body.flag->agency_id());
      add("service", body.flag->service());
    }
    add("happened_at",
        absl::FormatTime(absl::RFC3339_sec, absl::FromUnixSeconds(notice.happened_at().seconds()),
                         absl::UTCTimeZone()));
    if (body.viewer != nullptr) {
      add("viewer_agency_id", body.viewer->agency_id());
      add("viewer_practitioner_id", body.viewer->practitioner_id());
      add("viewer_role", body.viewer->role());
    }
    if (body.override_number != 0) add("override_number", absl::StrCat(body.override_number));
    for (const auto& [key, value] : body.more) add(key, value);
    text += "}\n";
    if (write(file->fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
        fdatasync(file->fd) != 0) {
      return base::Error(base::Reason::kStoreUnavailable,
                         absl::StrCat("notices cannot be written to ", path, " (",
                                      std::strerror(errno), "); the hub keeps them"));
    }
    file->seen.insert(message.message_id());
    return absl::OkStatus();
  });
}

}  // namespace signpost::adapters
