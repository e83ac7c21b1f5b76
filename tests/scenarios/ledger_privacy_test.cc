// No ledger entry and no tile holds anything from which a young person of the sample could be
// recovered: not in clear, and not as a hash without a key, by enumerating every id, name and date
// of the sample against every byte of the exported ledger.

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "adapters/sample/population.h"
#include "google/protobuf/descriptor.h"
#include "hub/base/crypto.h"
#include "hub/base/encoding.h"
#include "hub/ledger/entry.h"
#include "hub/ledger/person_index.h"
#include "hub/ledger/reader.h"
#include "signpost/v1/person.grpc.pb.h"
#include "tests/scenarios/nortown.h"

namespace signpost::scenarios {
namespace {

namespace fs = std::filesystem;
using adapters::sample::Person;

constexpr int kPeople = 120;
const Known kTariq = {"Tariq", "Mahmood", 2009, 5, 17, "NT4 7QX", ""};

// Whether any eight bytes stand somewhere, in little time.
class Haystack {
 public:
  void Add(const std::string& bytes) {
    bytes_ += bytes;
    bytes_ += '\n';
  }
  void Index() {
    for (size_t i = 0; i + sizeof(uint64_t) <= bytes_.size(); ++i) windows_.insert(At(&bytes_[i]));
  }
  // A digest, or the first half of one: stores cut them short.
  bool HasDigest(const std::string& digest) const {
    return windows_.contains(At(digest.data())) &&
           bytes_.find(digest.substr(0, 16)) != std::string::npos;
  }
  bool HasText(const std::string& text) const { return bytes_.find(text) != std::string::npos; }
  size_t size() const { return bytes_.size(); }

 private:
  static uint64_t At(const char* at) {
    uint64_t window = 0;
    std::memcpy(&window, at, sizeof window);
    return window;
  }
  std::string bytes_;
  std::unordered_set<uint64_t> windows_;
};

std::string Digest(const EVP_MD* algorithm, const std::string& text) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EXPECT_EQ(EVP_Digest(text.data(), text.size(), out, &length, algorithm, nullptr), 1);
  return {reinterpret_cast<const char*>(out), length};
}

// A value as somebody might have hashed it.
std::vector<std::string> Spellings(const std::string& value) {
  std::vector<std::string> all = {value, absl::AsciiStrToLower(value), absl::AsciiStrToUpper(value),
                                  absl::StrReplaceAll(value, {{" ", ""}}),
                                  absl::AsciiStrToLower(absl::StrReplaceAll(value, {{" ", ""}}))};
  for (const char* prefix : {"nhs:", "nortown-yot/", "nortown-yot:", "northern-connexions/",
                             "surname:", "given:", "birth_date:", "postcode:"}) {
    all.push_back(prefix + value);
  }
  all.push_back(std::string(1, '\0') + value);  // as a leaf
  all.push_back(value + "\n");
  return all;
}

// What is written of one person anywhere.
std::vector<std::string> Values(const Person& person) {
  const auto year = static_cast<int>(person.birth_date.year());
  const int month = person.birth_date.month();
  const int day = person.birth_date.day();
  const std::string iso = absl::StrFormat("%04d-%02d-%02d", year, month, day);
  return {person.given_names,
          person.surname,
          person.given_names + " " + person.surname,
          person.surname + ", " + person.given_names,
          person.given_names + "|" + person.surname + "|" + iso,
          absl::StrCat(person.surname, person.given_names, year * 10000 + month * 100 + day),
          iso,
          absl::StrFormat("%04d%02d%02d", year, month, day),
          absl::StrFormat("%02d/%02d/%04d", day, month, year),
          person.postcode,
          person.nhs_number,
          person.upn,
          absl::StrCat("Y-", person.number),
          absl::StrCat("C-", person.number)};
}

TEST(LedgerPrivacy, NobodyOfTheSampleIsRecoverableFromEntriesOrTiles) {
  const adapters::sample::Population population =
      adapters::sample::MakePopulation({kPeople, 20261201});
  Nortown nortown;
  for (const Person& person : population.people) {
    const Known known = {person.given_names,
                         person.surname,
                         static_cast<int>(person.birth_date.year()),
                         person.birth_date.month(),
                         person.birth_date.day(),
                         person.postcode,
                         person.nhs_number};
    nortown.Report("northern-connexions", OpenFlag(absl::StrCat("C-", person.number), known,
                                                   "connexions", "Maureen Oakes"));
    if (person.number % 2 == 0) {
      nortown.Report("nortown-yot", OpenFlag(absl::StrCat("Y-", person.number), known,
                                             "youth-offending", "Dilys Hume"));
    }
    if (person.number % 3 == 0) {
      const v1::WhoKnowsRequest ask = AskAbout(&nortown, known, v1::PURPOSE_SUPPORT_PLANNING);
      ASSERT_TRUE(nortown.Ask(TariqsAdviser(), ask).status.ok());
    }
  }
  ASSERT_TRUE(nortown.hub().context().sequencer->Checkpoint().ok());
  const std::string copy = nortown.folder() + "/copy";
  {
    const auto view = nortown.hub().context().store->NewView();
    ASSERT_TRUE(ledger::LedgerReader(view->get()).ExportTiles(copy, /*entries=*/true).ok());
  }
  Haystack haystack;
  for (const auto& file : fs::recursive_directory_iterator(copy)) {
    if (file.is_regular_file()) haystack.Add(ReadFile(file.path().string()));
  }
  haystack.Index();
  ASSERT_GT(haystack.size(), 50'000u);
  // The search itself finds what is there: the hash of an entry's own bytes stands in a tile.
  const auto view = nortown.hub().context().store->NewView();
  const std::string entry = *ledger::LedgerReader(view->get()).Entry(3);
  ASSERT_TRUE(haystack.HasText(entry));
  ASSERT_TRUE(haystack.HasDigest(base::Sha256(std::string(1, '\0') + entry)));

  const std::vector<const EVP_MD*> algorithms = {EVP_md5(), EVP_sha1(), EVP_sha256(), EVP_sha512(),
                                                 EVP_sha3_256()};
  int64_t tried = 0;
  for (const Person& person : population.people) {
    for (const std::string& value : Values(person)) {
      if (value.empty()) continue;
      // Short names are part of other words ("Al" of "alias"); ids, dates and whole names are not.
      if (value.size() >= 6 && value.find_first_of("0123456789 ,|") != std::string::npos) {
        EXPECT_FALSE(haystack.HasText(value)) << value;
      }
      for (const std::string& spelling : Spellings(value)) {
        for (const EVP_MD* algorithm : algorithms) {
          const std::string digest = Digest(algorithm, spelling);
          ++tried;
          EXPECT_FALSE(haystack.HasDigest(digest)) << "a hash of " << spelling;
          EXPECT_FALSE(haystack.HasDigest(Digest(algorithm, digest))) << "twice, " << spelling;
        }
      }
    }
  }
  std::printf("%lld hashes of what is known of %zu people, against %zu bytes of ledger: none\n",
              static_cast<long long>(tried), population.people.size(), haystack.size());
  EXPECT_GT(tried, 50'000);
}

// All values of type bytes in a message, with what a message in it holds.
void CollectBytes(const google::protobuf::Message& message, std::vector<std::string>* values) {
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
        CollectBytes(field->is_repeated() ? reflection->GetRepeatedMessage(message, field, i)
                                          : reflection->GetMessage(message, field),
                     values);
      } else if (field->type() == google::protobuf::FieldDescriptor::TYPE_BYTES) {
        values->push_back(field->is_repeated() ? reflection->GetRepeatedString(message, field, i)
                                               : reflection->GetString(message, field));
      }
    }
  }
}

// A copy of the ledger is not the graph of who knows whom: whatever an entry about somebody holds
// in bytes stands in no other entry about them, but for what says nothing of anybody (the policy).
TEST(LedgerPrivacy, NothingJoinsTwoEntriesAboutOnePerson) {
  Nortown nortown;
  nortown.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  nortown.Report("nortown-yot", OpenFlag("Y-1", kTariq, "youth-offending", "Dilys Hume"));
  nortown.Report("nortown-yot", OpenFlag("Y-1", kTariq, "youth-offending", "Another Worker"));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(
        nortown.Ask(TariqsAdviser(), AskAboutRecord(&nortown, "C-1", v1::PURPOSE_SUPPORT_PLANNING))
            .answer.flags_size(),
        2);
  }
  const request::HubContext& context = nortown.hub().context();
  const auto view = *context.store->NewView();
  const base::PersonId tariq =
      context.people
          ->Read(*view,
                 context.people->LookupLocalRecord(*view, "northern-connexions", "C-1")->known_as)
          ->id();
  const people::Person person = *context.people->Read(*view, tariq);
  const std::vector<uint64_t> about = *ledger::PersonIndex(view.get()).EntriesOf(tariq);
  ASSERT_GE(about.size(), 6u);
  const ledger::LedgerReader reader(view.get());
  std::map<std::string, uint64_t> seen;
  for (const uint64_t index : about) {
    const std::string bytes = *reader.Entry(index);
    // No id of theirs, nor of anything of theirs.
    EXPECT_EQ(bytes.find(tariq.ToBytes()), std::string::npos) << index;
    for (const store::v1::FlagRow& flag : person.flags()) {
      EXPECT_EQ(bytes.find(flag.flag_id()), std::string::npos) << index;
    }
    ledger::v1::LedgerEntry entry = *ledger::ParseEntry(bytes);
    EXPECT_EQ(entry.person_ref().size(), 16u) << index;
    entry.clear_policy_sha256();
    entry.clear_policy_vocabulary_sha256();
    std::vector<std::string> values;
    CollectBytes(entry, &values);
    ASSERT_GE(values.size(), 2u) << index;
    for (const std::string& value : values) {
      const auto [before, fresh] = seen.emplace(value, index);
      EXPECT_TRUE(fresh) << "entries " << before->second << " and " << index << " share "
                         << base::HexEncode(value);
    }
  }
}

// Whatever an agency calls its requests and cursors stands nowhere in clear.
TEST(LedgerPrivacy, RequestIdsStandInNoByteOfLedgerOrStore) {
  Nortown nortown;
  const std::string id = "case-of-tariq-4711";
  nortown.Report("northern-connexions", OpenFlag("C-1", kTariq, "connexions", "Maureen Oakes"));
  v1::WhoKnowsRequest request = AskAboutRecord(&nortown, "C-1", v1::PURPOSE_SUPPORT_PLANNING);
  request.set_request_id(id);
  const Answered asked = nortown.Ask(TariqsAdviser(), request);
  ASSERT_TRUE(asked.status.ok());
  // One that is remembered, so that it is not carried out twice.
  v1::SetShieldRequest shield;
  shield.set_request_id(id + "-2");
  *shield.mutable_person()->mutable_details() = Details(kTariq);
  shield.set_shielded(true);
  shield.set_reason("In a refuge since this morning.");
  v1::SetShieldResponse shielded;
  const Worker officer = {"nortown-social-services", "dp-001", "data-protection-officer", {}};
  const auto stub =
      v1::PersonService::NewStub(nortown.Channel("nortown-social-services", "casework"));
  ASSERT_TRUE(stub->SetShield(nortown.ContextOf(officer).get(), shield, &shielded).ok());
  v1::SetShieldResponse again;
  ASSERT_TRUE(stub->SetShield(nortown.ContextOf(officer).get(), shield, &again).ok());
  EXPECT_EQ(again.receipt().ledger_index(), shielded.receipt().ledger_index());
  const request::HubContext& context = nortown.hub().context();
  const auto view = *context.store->NewView();
  const ledger::v1::LedgerEntry entry =
      *ledger::ParseEntry(*ledger::LedgerReader(view.get()).Entry(asked.receipt.ledger_index()));
  EXPECT_EQ(entry.request_hash(), context.entries->HashOf("northern-connexions", id))
      << "it was this request";
  for (int space = 0; space < store::kSpaceCount; ++space) {
    std::string from;
    while (true) {
      const auto rows = *view->Scan(static_cast<store::Space>(space), from, "", 1000);
      for (const store::KeyValue& row : rows) {
        EXPECT_EQ(row.key.find("case-of-tariq"), std::string::npos) << space;
        EXPECT_EQ(row.value.find("case-of-tariq"), std::string::npos) << space;
      }
      if (rows.size() < 1000) break;
      from = rows.back().key + '\0';
    }
  }
}

}  // namespace
}  // namespace signpost::scenarios
