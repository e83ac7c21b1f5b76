#include "hub/app/config.h"

#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "hub/audit/filter.h"
#include "hub/base/error.h"
#include "hub/base/json_config.h"
#include "hub/base/keyring.h"
#include "hub/base/limits.h"
#include "hub/base/status_macros.h"
#include "hub/tlog/note.h"
#include "hub/witness/http.h"

namespace signpost::app {
namespace {

namespace fs = std::filesystem;

std::string In(const std::string& directory, const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  return (fs::path(directory) / path).lexically_normal().string();
}

// Whether `path` lies in `directory`, as far as names tell.
bool Inside(const std::string& directory, const std::string& path) {
  std::error_code ignored;
  const std::string outer = fs::weakly_canonical(directory, ignored).string();
  const std::string inner = fs::weakly_canonical(path, ignored).string();
  return inner == outer || absl::StartsWith(inner, outer + "/");
}

// The area's hours are those of England where the machine knows them.
constexpr char kZoneDefault[] = "Europe/London";
constexpr size_t kContactDeskBytesMax = 200;

audit::PatternOptions ReadPatterns(base::ConfigObject patterns) {
  audit::PatternOptions options;
  const std::string zone = patterns.StringOr("time_zone", kZoneDefault);
  if (!absl::LoadTimeZone(zone, &options.zone) && patterns.Has("time_zone")) {
    patterns.Complain("time_zone", "is not known to this machine; such as \"Europe/London\"");
  }
  const auto number = [&patterns](const char* key, int fallback, int min, int max) {
    return static_cast<int>(patterns.IntegerOr(key, fallback, min, max));
  };
  options.day_begins_hour = number("day_begins_hour", options.day_begins_hour, 0, 23);
  options.day_ends_hour = number("day_ends_hour", options.day_ends_hour, 1, 24);
  options.weekends_are_out = patterns.BooleanOr("weekends_are_out", options.weekends_are_out);
  if (patterns.Has("all_hours_roles"))
    options.all_hours_roles = patterns.Strings("all_hours_roles");
  options.browsing_persons_min =
      number("browsing_persons_min", options.browsing_persons_min, 2, 100'000);
  options.browsing_window = patterns.DurationOr("browsing_window", options.browsing_window);
  options.newly_persons_min = number("newly_persons_min", options.newly_persons_min, 1, 10'000);
  options.newly_window = patterns.DurationOr("newly_window", options.newly_window);
  options.concentration_practitioners_min =
      number("concentration_practitioners_min", options.concentration_practitioners_min, 2, 10'000);
  options.concentration_window =
      patterns.DurationOr("concentration_window", options.concentration_window);
  options.enumeration_questions_min =
      number("enumeration_questions_min", options.enumeration_questions_min, 2, 100'000);
  options.enumeration_window =
      patterns.DurationOr("enumeration_window", options.enumeration_window);
  options.enumeration_unknown_share_min =
      number("enumeration_unknown_percent_min", 50, 1, 100) / 100.0;
  options.retry_window = patterns.DurationOr("retry_window", options.retry_window);
  options.volume_persons_min = number("volume_persons_min", options.volume_persons_min, 2, 100'000);
  options.volume_times_usual_min = number("volume_times_usual_min", 4, 1, 1000);
  options.after_involvement_min =
      patterns.DurationOr("after_involvement_min", options.after_involvement_min);
  return options;
}

void ReadWitnesses(base::ConfigObject& root, const std::string& directory, HubConfig* config) {
  std::set<std::string> names;
  for (base::ConfigObject& one : root.Objects("witnesses")) {
    WitnessPartner partner;
    partner.verifier_key = one.String("verifier_key");
    partner.url = one.String("url");
    partner.ca_file = In(directory, one.StringOr("ca", ""));
    partner.required = one.BooleanOr("required", true);
    const absl::StatusOr<tlog::NoteVerifier> verifier =
        tlog::NoteVerifier::ParseCosigner(partner.verifier_key);
    if (!verifier.ok() && !partner.verifier_key.empty()) {
      one.Complain("verifier_key", absl::StrCat(std::string(verifier.status().message()),
                                                "; signpost-witness --make-key printed it"));
    } else if (verifier.ok() && !names.insert(verifier->name()).second) {
      one.Complain("verifier_key", absl::StrCat(verifier->name(), " is named twice"));
    }
    if (const absl::Status url = witness::CheckWitnessUrl(partner.url);
        !url.ok() && !partner.url.empty()) {
      one.Complain("url", std::string(url.message()));
    }
    config->witnesses.push_back(std::move(partner));
  }
  config->witness_alarm_after = root.DurationOr("witness_alarm_after", absl::Minutes(5));
  if (config->witness_alarm_after < absl::Seconds(1)) {
    root.Complain("witness_alarm_after", "must be a second or more, such as \"5m\"");
  }
  const std::string beside =
      config->checkpoint_file.empty()
          ? ""
          : (fs::path(config->checkpoint_file).parent_path() / "witnessed").string();
  config->witnessed_file = In(directory, root.StringOr("witnessed_file", beside));
  if (!config->store_path.empty() && !config->witnessed_file.empty() &&
      Inside(config->store_path, config->witnessed_file)) {
    root.Complain("witnessed_file",
                  "must not lie inside store.path: it would be put back together with the store");
  }
}

// What is kept apart must be apart, or one stolen medium holds both.
void CheckBackup(const HubConfig& config, base::ConfigObject* backup) {
  if (config.store_kind != StoreKind::kRocksDb) {
    backup->Complain("directory", "only a store of kind rocksdb can be backed up");
    return;
  }
  const auto apart = [&](const char* key, const std::string& path, const std::string& other,
                         const char* why) {
    if (path.empty() || other.empty()) return;
    if (Inside(other, path) || Inside(path, other)) backup->Complain(key, why);
  };
  apart("directory", config.backup.directory, config.store_path,
        "must not lie inside store.path, nor around it");
  apart("keys_directory", config.backup.keys_directory, config.store_path,
        "must not lie inside store.path, nor around it");
  apart("keys_directory", config.backup.keys_directory, config.backup.directory,
        "must lie apart from directory, on another medium: who is erased is erased by its "
        "replacement alone");
  if (!config.backup.directory.empty() && Inside(config.backup.directory, config.backup.key_file)) {
    backup->Complain("key", "must not lie inside directory, which it opens");
  }
}

constexpr int kMonthsArchivedMax = 120;
constexpr int kYearsKeptMax = 100;

people::KeepingTerms ReadTerms(base::ConfigObject terms) {
  people::KeepingTerms read;
  read.archived_after_months =
      static_cast<int>(terms.Integer("archived_after_months", 1, kMonthsArchivedMax));
  read.erased_after_years = static_cast<int>(terms.Integer("erased_after_years", 1, kYearsKeptMax));
  read.erased_at_age = static_cast<int>(terms.IntegerOr("erased_at_age", 0, 0, 25));
  if (read.erased_at_age != 0 && read.erased_at_age != 18 && read.erased_at_age != 25) {
    terms.Complain("erased_at_age", "must be 18 or 25, or left out where age has no say");
  }
  read.later = terms.ChoiceOr("whichever", {"later", "earlier"}, "later") == "later";
  if (terms.Has("whichever") != (read.erased_at_age != 0)) {
    terms.Complain("whichever",
                   "says which of the years and the age counts: with erased_at_age, \"later\" or "
                   "\"earlier\"; without it, left out");
  }
  read.erased_after_death_years = static_cast<int>(
      terms.IntegerOr("erased_after_death_years", read.erased_after_years, 1, kYearsKeptMax));
  for (const auto& [key, years] :
       {std::pair("erased_after_years", read.erased_after_years),
        std::pair("erased_after_death_years", read.erased_after_death_years)}) {
    if (12 * years > read.archived_after_months || years == 0) continue;
    terms.Complain(key,
                   "must be later than archived_after_months: what is archived is erased from "
                   "the archive");
  }
  return read;
}

people::KeepingRules ReadKeeping(base::ConfigObject keeping) {
  people::KeepingRules rules;
  std::vector<people::KeepingTable> tables;
  for (base::ConfigObject& one : keeping.Objects("tables")) {
    people::KeepingTable table;
    const std::string from = one.String("from");
    if (!absl::ParseCivilTime(from, &table.from) && !from.empty()) {
      one.Complain("from", "the day from which it is in force, such as \"2027-04-01\"");
    } else if (!tables.empty() && !from.empty() && table.from <= tables.back().from) {
      one.Complain("from", "must be later than that of the table before it");
    }
    table.others = ReadTerms(one.Object("others"));
    for (base::ConfigObject& of_service : one.Objects("services")) {
      const std::string service = of_service.String("service");
      if (!table.services.emplace(service, ReadTerms(of_service)).second) {
        of_service.Complain("service", absl::StrCat(service, " is named twice"));
      }
    }
    tables.push_back(std::move(table));
  }
  if (keeping.Has("tables") && tables.empty()) {
    keeping.Complain("tables", "must have one at least; left out, the hub's own is in force");
  }
  if (!tables.empty()) rules.tables = std::move(tables);
  rules.consent_notice = absl::Hours(24 * keeping.IntegerOr("consent_notice_days", 28, 1, 366));
  rules.closing_is_news = absl::Hours(24 * keeping.IntegerOr("closing_is_news_days", 28, 1, 366));
  return rules;
}

absl::StatusOr<HubConfig> FromObject(base::ConfigObject root, const std::string& directory) {
  HubConfig config;
  config.server.listen = root.String("listen");
  config.admin_listen = root.StringOr("admin_listen", "");
  config.trust_domain = root.String("trust_domain");
  config.audience = root.String("audience");
  config.origin = root.String("origin");
  config.contact_desk = root.StringOr("contact_desk", "");
  if (config.contact_desk.size() > kContactDeskBytesMax) {
    root.Complain("contact_desk",
                  "must be at most 200 bytes, such as \"01632 960000, the area's "
                  "contact desk\"");
  }
  config.operator_spiffe_id = root.String("operator_spiffe_id");
  config.server.reflection = root.BooleanOr("reflection", false);

  base::ConfigObject tls = root.Object("tls");
  config.server.certificate_file = In(directory, tls.String("certificate"));
  config.server.key_file = In(directory, tls.String("key"));
  config.server.client_ca_file = In(directory, tls.String("client_ca"));
  config.server.reload_interval = tls.DurationOr("reload_interval", absl::Minutes(1));
  config.server.connection_age_max = tls.DurationOr("connection_age_max", absl::Minutes(30));

  base::ConfigObject keys = root.Object("keys");
  config.master_key_file = In(directory, keys.String("master"));
  if (const std::string old_master = keys.StringOr("old_master", ""); !old_master.empty()) {
    config.old_master_key_file = In(directory, old_master);
  }
  config.keys_per_step = static_cast<int>(
      keys.IntegerOr("per_step", operations::kKeysPerStep, 1, operations::kKeysPerStepMax));
  config.ledger_key_file = In(directory, keys.String("ledger"));
  config.agency_id_epoch = static_cast<int>(
      keys.IntegerOr("agency_id_epoch", 1, base::kAgencyIdEpochMin, base::kAgencyIdEpochMax));

  base::ConfigObject store = root.Object("store");
  const std::string kind = store.ChoiceOr("kind", {"rocksdb", "memory"}, "rocksdb");
  config.store_kind = kind == "memory" ? StoreKind::kMemory : StoreKind::kRocksDb;
  if (config.store_kind == StoreKind::kRocksDb) {
    config.store_path = In(directory, store.String("path"));
  }
  const bool negative_control = store.BooleanOr("negative_control", false);
  config.unsafe_no_sync_for_negative_control = store.BooleanOr("unsafe_no_sync", false);
  if (config.unsafe_no_sync_for_negative_control && !negative_control) {
    store.Complain("unsafe_no_sync", "loses what was acknowledged; remove it");
  }

  config.checkpoint_file = In(directory, root.StringOr("checkpoint_file", ""));
  config.checkpoint_interval = root.DurationOr("checkpoint_interval", absl::Seconds(1));
  if (config.store_kind == StoreKind::kRocksDb && config.checkpoint_file.empty()) {
    root.Complain("checkpoint_file",
                  "must name a file outside the store: it is how a store that was put back to an "
                  "earlier state is noticed");
  } else if (!config.store_path.empty() && Inside(config.store_path, config.checkpoint_file)) {
    root.Complain("checkpoint_file",
                  "must not lie inside store.path: it would be put back together with the store");
  }

  ReadWitnesses(root, directory, &config);
  if (root.Has("backup")) {
    base::ConfigObject backup = root.Object("backup");
    config.backup.directory = In(directory, backup.String("directory"));
    config.backup.keys_directory = In(directory, backup.String("keys_directory"));
    config.backup.key_file = In(directory, backup.String("key"));
    config.backup.keep = static_cast<int>(backup.IntegerOr("keep", 0, 0, 100'000));
    config.backup.store_path = config.store_path;
    CheckBackup(config, &backup);
  }

  base::ConfigObject retention = root.ObjectOrEmpty("retention_days");
  for (const std::string& word : audit::KindWords()) {
    if (!retention.Has(word)) continue;
    const auto of_word = audit::KindFromWord(word);
    if (!of_word.ok() || !operations::MayBePruned(*of_word)) {
      retention.Complain(word, "is kept for ever: others rest on it");
      continue;
    }
    config.retention[*of_word] = static_cast<int>(retention.Integer(word, 1, 36'500));
  }

  base::ConfigObject policy = root.ObjectOrEmpty("policy");
  config.policy_file = In(directory, policy.StringOr("text", ""));
  config.words_file = In(directory, policy.StringOr("words", ""));
  if (!config.policy_file.empty() && config.words_file.empty()) {
    policy.Complain("words", "names the services, roles and assessments that text may name");
  }
  if (policy.Has("max_age")) {
    config.policy_age_max = policy.DurationOr("max_age", absl::InfiniteDuration());
    if (config.policy_age_max < absl::Hours(1)) {
      policy.Complain("max_age", "must be an hour or more, such as \"8784h\" for a year");
    }
  }
  if (policy.Has("proposer_roles")) {
    config.policy_admin.proposer_roles = policy.Strings("proposer_roles");
  }
  if (policy.Has("approver_roles")) {
    config.policy_admin.approver_roles = policy.Strings("approver_roles");
    if (config.policy_admin.approver_roles.empty()) {
      policy.Complain("approver_roles", "must name a role, or nothing can be published");
    }
  }
  config.policy_admin.approvals = static_cast<int>(policy.IntegerOr("approvals", 2, 2, 9));
  config.policy_admin.silence = absl::Hours(24 * policy.IntegerOr("silence_days", 14, 1, 366));

  base::ConfigObject standing = root.ObjectOrEmpty("standing");
  config.standing.age_listed = absl::Hours(24 * standing.IntegerOr("new_days", 3, 0, 366));
  config.standing.age_unlisted =
      absl::Hours(24 * standing.IntegerOr("new_days_unlisted", 14, 0, 366));
  config.standing.list_days = static_cast<int>(standing.IntegerOr("list_days", 2, 1, 7));
  if (config.standing.age_unlisted < config.standing.age_listed) {
    standing.Complain("new_days_unlisted", "must not be less than new_days");
  }

  config.keeping = ReadKeeping(root.ObjectOrEmpty("keeping"));
  config.patterns = ReadPatterns(root.ObjectOrEmpty("patterns"));

  config.release_step = root.DurationOr("release_step", absl::Milliseconds(10));
  if (config.release_step > kReleaseStepMax) {
    root.Complain("release_step", "must be at most 1s: every answer waits for the end of one");
  }

  base::ConfigObject executor = root.ObjectOrEmpty("executor");
  config.executor_threads = static_cast<int>(executor.IntegerOr("threads", 4, 1, 256));
  config.executor_queue_max = static_cast<int>(executor.IntegerOr("queue_max", 4096, 1, 1'000'000));
  config.shutdown_grace = root.DurationOr("shutdown_grace", absl::Seconds(10));

  base::ConfigObject log = root.ObjectOrEmpty("log");
  config.log_file = In(directory, log.StringOr("file", ""));
  const std::string level = log.ChoiceOr("level", {"debug", "info", "warning", "error"}, "info");
  (void)base::LogLevelFromName(level, &config.log_level);  // one of the choices
  config.log_good_calls = log.BooleanOr("good_calls", true);

  const std::string id_start = absl::StrCat("spiffe://", config.trust_domain, "/agency/");
  if (!config.operator_spiffe_id.empty() &&
      !absl::StartsWith(config.operator_spiffe_id, id_start)) {
    root.Complain("operator_spiffe_id", absl::StrCat("must be of the trust domain: ", id_start,
                                                     "<agency>/system/<name>"));
  }
  SIGNPOST_RETURN_IF_ERROR(root.Finish());
  return config;
}

}  // namespace

absl::StatusOr<HubConfig> ReadHubConfig(const std::string& path) {
  SIGNPOST_ASSIGN_OR_RETURN(base::ConfigObject root, base::ConfigObject::ReadFile(path));
  std::error_code failed;
  const fs::path absolute = fs::absolute(path, failed);
  return FromObject(std::move(root), failed ? "." : absolute.parent_path().string());
}

absl::StatusOr<HubConfig> ParseHubConfig(const std::string& text, const std::string& source,
                                         const std::string& directory) {
  SIGNPOST_ASSIGN_OR_RETURN(base::ConfigObject root, base::ConfigObject::Parse(text, source));
  return FromObject(std::move(root), directory);
}

}  // namespace signpost::app
