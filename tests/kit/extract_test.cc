#include "adapters/kit/extract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "hub/base/error.h"
#include "nlohmann/json.hpp"

namespace signpost::adapters {
namespace {

using testing::HasSubstr;

TEST(ExtractTest, RowsEndOnceWithTheirWorst) {
  Extract extract;
  {
    RowScope a(&extract, "f", 2), b(&extract, "f", 3), c(&extract, "f", 4);
    a.Correct("x", "why");
    b.Correct("x", "why");
    b.Reject("y", "why");
  }
  EXPECT_EQ(extract.counts().at("f").accepted, 1);
  EXPECT_EQ(extract.counts().at("f").corrected, 1);
  EXPECT_EQ(extract.counts().at("f").rejected, 1);
}

TEST(ExtractTest, ReportIsJsonLinesAndARefusedExtractHoldsNothing) {
  Extract extract;
  signpost::v1::FlagReport report;
  report.set_record_id("r1");
  EXPECT_TRUE(extract.Add({report, "f", 2}));
  EXPECT_FALSE(extract.Add({report, "f", 3}));
  extract.EndRow("f", 2);
  extract.EndRow("f", 3);
  extract.RefuseFile("g", base::InvalidField("g", "broken"), /*needed=*/true);
  EXPECT_TRUE(extract.refused());
  EXPECT_TRUE(extract.records().empty());
  std::istringstream lines(extract.JsonLines("a"));
  std::string line;
  std::vector<std::string> kinds;
  while (std::getline(lines, line)) {
    kinds.push_back(nlohmann::json::parse(line).at("kind").get<std::string>());
  }
  EXPECT_THAT(kinds, testing::ElementsAre("file", "refused", "row", "total"));
  EXPECT_THAT(extract.Table("a"), HasSubstr("nothing was sent"));
}

}  // namespace
}  // namespace signpost::adapters
