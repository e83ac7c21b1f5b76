// Matching against data that does not come with the source: 901 rows shaped like British children,
// and FEBRL's dataset 4 with its known pairs. Skips, and says so, where the data is absent.
//
// FEBRL is a floor, not evidence: this room's rules are for exact agreement, so what they must show
// here is no false link. What they link of the true pairs is printed.

#include <gmock/gmock.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "hub/matching/identifiers.h"
#include "hub/matching/report_linker.h"
#include "tests/people/people_fixture.h"

namespace signpost::matching {
namespace {

using people::Details;
using people::From;
using people::kSocial;
using people::kYot;
using people::Report;

std::string DataPath(const std::string& name) {
  const char* folder = std::getenv("SIGNPOST_SHARED_DATA");
  return (folder != nullptr ? std::string(folder)
                            : std::string(SIGNPOST_SOURCE_DIR) + "/../shared/data") +
         "/" + name;
}

std::string Trim(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// The rows after the header; nullopt when the file is not there.
std::optional<std::vector<std::vector<std::string>>> Rows(const std::string& name) {
  std::ifstream file(DataPath(name));
  if (!file) return std::nullopt;
  std::vector<std::vector<std::string>> rows;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::vector<std::string> fields;
    std::stringstream stream(line);
    std::string field;
    while (std::getline(stream, field, ',')) fields.push_back(Trim(field));
    rows.push_back(std::move(fields));
  }
  return rows;
}

class SharedDataTest : public people::PeopleFixture {
 protected:
  const std::unique_ptr<Normaliser> normaliser_ = *Normaliser::Create();
  const std::unique_ptr<ReportLinker> linker_ = *ReportLinker::Create(&people_, &random_);
};

TEST_F(SharedDataTest, BritishRowsNormaliseAndValidate) {
  const auto rows = Rows("sui_matcher/sui_batch_search_queries.csv");
  if (!rows) GTEST_SKIP() << "no sui_matcher data here; set SIGNPOST_SHARED_DATA";
  ASSERT_EQ(rows->size(), 901u);
  int names = 0, dates = 0, postcodes = 0;
  for (const std::vector<std::string>& row : *rows) {
    if (row.size() < 5) continue;  // the last one is cut short
    const std::string surname = Joined(normaliser_->Name(row[1]));
    const std::string given = Joined(normaliser_->Name(row[2]));
    EXPECT_EQ(Joined(normaliser_->Name(surname)), surname);
    if (!surname.empty() && !given.empty()) ++names;
    int day = 0, month = 0, year = 0;
    if (std::sscanf(row[0].c_str(), "%d/%d/%d", &day, &month, &year) == 3 &&
        IsDate(year * 10000 + month * 100 + day)) {
      ++dates;
    }
    const std::optional<Postcode> postcode = ParsePostcode(row[4]);
    if (postcode) {
      ++postcodes;
      EXPECT_EQ(ParsePostcode(postcode->unit)->unit, postcode->unit);
      EXPECT_EQ(postcode->sector.find(postcode->outcode), 0u);
      EXPECT_EQ(postcode->outcode.find(postcode->area), 0u);
    }
  }
  std::printf("of 901 rows: %d with both names, %d with a date, %d with a postcode\n", names, dates,
              postcodes);
  // All but the row that is shifted and cut short.
  EXPECT_GE(names, 900);
  EXPECT_GE(dates, 900);
  EXPECT_GE(postcodes, 900);
}

// An Australian row in British shape: four digits as a postcode unit, seven as an NHS number.
signpost::v1::PersonDetails FromFebrl(const std::vector<std::string>& row, bool with_id) {
  const auto at = [&row](size_t i) { return i < row.size() ? row[i] : std::string(); };
  int32_t birth_date = std::atoi(at(9).c_str());
  if (!IsDate(birth_date)) birth_date = 0;
  std::string postcode = at(7);
  if (postcode.size() == 4) {
    postcode = "M" + postcode.substr(0, 2) + " " + postcode.substr(2, 1) + "A" +
               std::string(1, "ABDEFGHJLN"[postcode[3] - '0']);
    EXPECT_TRUE(ParsePostcode(postcode).has_value()) << postcode;
  }
  std::string nhs;
  if (with_id && at(10).size() == 7) {
    for (const char* lead : {"40", "41"}) {
      for (char check = '0'; check <= '9' && nhs.empty(); ++check) {
        const std::string number = lead + at(10) + check;
        if (NhsNumber(number)) nhs = number;
      }
    }
  }
  return Details(at(1), at(2), birth_date, postcode, nhs);
}

std::string Entity(const std::string& rec_id) {
  return rec_id.substr(0, rec_id.find('-', 4));  // "rec-1070"
}

// Half of 4a is in the index; all of 4b asks, so half of those who ask are absent.
void OpenSet(const ReportLinker& intake, bool with_id, std::vector<std::vector<std::string>> known,
             const std::vector<std::vector<std::string>>& asking,
             const std::function<void(store::Batch)>& commit,
             const std::function<std::unique_ptr<ledger::testing::OwningView>()>& view,
             absl::Time now) {
  known.resize(known.size() / 2);
  std::map<base::PersonId, std::string> entity_of;
  std::set<std::string> present;
  int waits = 0;
  for (const auto& row : known) {
    signpost::v1::FlagReport report = Report(row[0], FromFebrl(row, with_id));
    if (report.person().given_names().empty() && report.person().surname().empty()) continue;
    LinkResult result = *intake.Prepare(*view(), From(kYot), report, {}, now);
    if (!result.review.is_zero()) {
      ++waits;
      entity_of[result.person] = Entity(row[0]);
    } else {
      // 4a has no duplicates: whoever is linked within it is linked wrongly.
      EXPECT_TRUE(result.person_created) << row[0];
      entity_of[result.person] = Entity(row[0]);
      present.insert(Entity(row[0]));
    }
    commit(std::move(result.batch));
  }
  int right = 0, wrong = 0, review_of_present = 0, missed = 0, absent_in_review = 0, absent = 0;
  for (const auto& row : asking) {
    const signpost::v1::PersonDetails details = FromFebrl(row, with_id);
    const Outcome outcome = *intake.matcher().Match(
        *view(), intake.keys().Hash(details), IsWeakDate(people::DateNumber(details.birth_date())));
    const bool here = present.count(Entity(row[0])) > 0;
    if (!here) ++absent;
    if (outcome.kind == Outcome::Kind::kLink) {
      (entity_of[outcome.person->id()] == Entity(row[0]) ? right : wrong)++;
    } else if (outcome.kind == Outcome::Kind::kReview) {
      (here ? review_of_present : absent_in_review)++;
    } else if (here) {
      ++missed;
    }
  }
  std::printf(
      "febrl4 %s number: %zu present: %d linked (recall %.3f), %d to review, %d not seen; %d "
      "absent: "
      "%d to review; false links %d; %d of the index waited\n",
      with_id ? "with" : "without", present.size(), right,
      right / static_cast<double>(present.size()), review_of_present, missed, absent,
      absent_in_review, wrong, waits);
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(right, with_id ? 1000 : 500);
  // People who are not there hardly ever trouble a reviewer.
  EXPECT_LT(absent_in_review, absent / 50);
}

TEST_F(SharedDataTest, FebrlHasNoFalseLink) {
  const auto known = Rows("febrl/dataset4a.csv");
  const auto asking = Rows("febrl/dataset4b.csv");
  if (!known || !asking) GTEST_SKIP() << "no FEBRL data here; set SIGNPOST_SHARED_DATA";
  for (const bool with_id : {true, false}) {
    NewStore();
    OpenSet(
        *linker_, with_id, *known, *asking,
        [this](store::Batch batch) { EXPECT_TRUE(Commit(std::move(batch)).ok()); },
        [this] { return View(); }, now_);
  }
}

}  // namespace
}  // namespace signpost::matching
