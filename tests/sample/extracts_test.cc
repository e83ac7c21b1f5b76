// The sample's files have the shapes that README.md promises.

#include "adapters/sample/extracts.h"

#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <zip.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "adapters/sample/population.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace signpost::adapters::sample {
namespace {

using ::testing::HasSubstr;

Files Extracts(int people = 400, uint64_t seed = 20261201) {
  absl::StatusOr<Files> files = MakeExtracts(MakePopulation({people, seed}));
  EXPECT_TRUE(files.ok()) << files.status();
  return *std::move(files);
}

// Names of the parts of a zip; empty when libzip refuses it.
std::vector<std::string> ZipNames(const std::string& bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  std::vector<std::string> names;
  if (archive == nullptr) {
    zip_source_free(source);
    return names;
  }
  for (zip_int64_t i = 0; i < zip_get_num_entries(archive, 0); ++i) {
    names.emplace_back(zip_get_name(archive, static_cast<zip_uint64_t>(i), 0));
  }
  zip_discard(archive);
  return names;
}

struct XmlFree {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
std::unique_ptr<xmlDoc, XmlFree> ParseXml(const std::string& bytes) {
  return std::unique_ptr<xmlDoc, XmlFree>(xmlReadMemory(
      bytes.data(), static_cast<int>(bytes.size()), "sample.xml", nullptr, XML_PARSE_NONET));
}

std::string SharedData() {
  const char* set = std::getenv("SIGNPOST_SHARED_DATA");
  return set != nullptr ? set : std::string(SIGNPOST_SOURCE_DIR) + "/../shared/data";
}

TEST(Extracts, AreTheSameBytesForTheSameSeed) {
  EXPECT_EQ(Extracts(), Extracts());
  EXPECT_NE(Extracts(400, 1), Extracts(400, 2));
}

TEST(Extracts, HoldEveryFileOfTheReadme) {
  const Files files = Extracts();
  for (const char* path :
       {"yot/inbox/cases.csv", "yot/inbox/asset.zip", "yot/inbox/asset-late.zip",
        "connexions/inbox/nccis-2026-10.xml", "connexions/inbox/caseload.csv",
        "connexions/inbox/apir.csv", "social-services/inbox/cin-census.xml",
        "social-services/inbox/identity.csv", "people.json", "truth.csv", "faults.json",
        "reports/nightstop-project.json", "reports/nortown-drugs-advice.json"}) {
    EXPECT_EQ(files.count(path), 1u) << path;
  }
  EXPECT_EQ(files.size(), 13u);
}

TEST(Extracts, TheCensusIsValidByTheDepartmentsOwnSchema) {
  const std::string schema_path = SharedData() + "/cin/CIN_schema_2024.xsd";
  if (!std::filesystem::exists(schema_path)) {
    GTEST_SKIP() << "the department's schema is not here: " << schema_path;
  }
  for (const uint64_t seed : {uint64_t{20261201}, uint64_t{2}}) {
    const Files files = Extracts(3000, seed);
    const auto document = ParseXml(files.at("social-services/inbox/cin-census.xml"));
    ASSERT_NE(document, nullptr);
    xmlSchemaParserCtxt* parser = xmlSchemaNewParserCtxt(schema_path.c_str());
    xmlSchema* schema = xmlSchemaParse(parser);
    ASSERT_NE(schema, nullptr);
    xmlSchemaValidCtxt* context = xmlSchemaNewValidCtxt(schema);
    EXPECT_EQ(xmlSchemaValidateDoc(context, document.get()), 0);
    xmlSchemaFreeValidCtxt(context);
    xmlSchemaFree(schema);
    xmlSchemaFreeParserCtxt(parser);
  }
}

TEST(Extracts, TheZipOpensAndTheLateOneDoesNot) {
  const Files files = Extracts();
  const std::vector<std::string> names = ZipNames(files.at("yot/inbox/asset.zip"));
  EXPECT_THAT(names, ::testing::IsSupersetOf({"AS-000001/header.xml", "AS-000001/dynamic.xml",
                                              "AS-000001/static.xml", "AS-000001/supplement.xml"}));
  EXPECT_TRUE(ZipNames(files.at("yot/inbox/asset-late.zip")).empty());
}

TEST(Extracts, TheMonthlyReturnIsWellFormedAndSpeaksOfNoSocialWorkerForSam) {
  const Files files = Extracts();
  EXPECT_NE(ParseXml(files.at("connexions/inbox/nccis-2026-10.xml")), nullptr);
  EXPECT_THAT(files.at("connexions/inbox/nccis-2026-10.xml"),
              HasSubstr("<UniqueId>C-000003</UniqueId>"));
  EXPECT_EQ(files.at("social-services/inbox/identity.csv").find("Ashdown"), std::string::npos);
}

TEST(Extracts, PlantedFaultsAreInTheFiles) {
  const Files files = Extracts();
  EXPECT_THAT(files.at("yot/inbox/cases.csv"), HasSubstr(",31/02/"));
  EXPECT_THAT(files.at("social-services/inbox/identity.csv"), HasSubstr(",31/02/"));
  EXPECT_THAT(files.at("connexions/inbox/nccis-2026-10.xml"), HasSubstr("-02-31</DOB>"));
  EXPECT_THAT(files.at("connexions/inbox/apir.csv"), HasSubstr("housing,7\r\n"));
  // The census itself stays valid: the authority's identity file is where the slip is.
  EXPECT_EQ(files.at("social-services/inbox/cin-census.xml").find("-02-31"), std::string::npos);
  const nlohmann::json faults = nlohmann::json::parse(files.at("faults.json"));
  EXPECT_GE(faults["faults"].size(), 14u);
}

TEST(Extracts, TheStoriesDetailsAskForThePersonInTheFiles) {
  const Files files = Extracts();
  const nlohmann::json people = nlohmann::json::parse(files.at("people.json"));
  ASSERT_EQ(people["people"].size(), 6u);
  EXPECT_EQ(people["people"][0]["story"], "Tariq");
  EXPECT_EQ(people["people"][0]["records"]["nortown-yot"], "Y-000001");
  EXPECT_THAT(files.at("yot/inbox/cases.csv"),
              HasSubstr("Y-000001,Tariq," + people["people"][0]["surname"].get<std::string>()));
  const nlohmann::json report = nlohmann::json::parse(files.at("reports/nightstop-project.json"));
  EXPECT_EQ(report["flags"][0]["person"]["given_names"], "Ghazella");
}

TEST(Extracts, ContactsAreFromRangesThatReachNobody) {
  const Files files = Extracts();
  for (const auto& [path, bytes] : files) {
    if (path.size() > 4 && path.substr(path.size() - 4) == ".zip") continue;  // not text
    for (size_t at = bytes.find('@'); at != std::string::npos; at = bytes.find('@', at + 1)) {
      const size_t end = bytes.find_first_of(",\"\r\n", at);
      ASSERT_EQ(bytes.substr(end - 8, 8), ".example") << path << " at " << at;
    }
  }
  EXPECT_THAT(files.at("yot/inbox/cases.csv"), HasSubstr("01632 960"));
}

}  // namespace
}  // namespace signpost::adapters::sample
