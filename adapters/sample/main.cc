// signpost-sample: writes sample extracts. See README.md.

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/strings/numbers.h"
#include "adapters/sample/extracts.h"
#include "adapters/sample/misuse.h"
#include "adapters/sample/population.h"

namespace signpost::adapters::sample {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

constexpr char kUsage[] =
    "usage: signpost-sample --out DIR [--people N] [--seed N] [--misuse]\n"
    "\n"
    "Writes extracts of a youth offending team, a Connexions partnership and a social services\n"
    "department about N (2000; 50 to 500000) invented young people into DIR. The same arguments\n"
    "give the same bytes. Existing files are replaced. With --misuse (200 people or more) also "
    "two\n"
    "weeks of look-ups, some of them planted for auditors to find.\n";

int Usage(const std::string& complaint) {
  std::fprintf(stderr, "signpost-sample: %s\n\n%s", complaint.c_str(), kUsage);
  return kExitUsage;
}

int Main(int argc, char** argv) {
  Options options;
  std::string out;
  bool misuse = false;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--help" || flag == "help") {
      std::fputs(kUsage, stdout);
      return 0;
    }
    if (flag == "--misuse") {
      misuse = true;
      continue;
    }
    if (flag != "--out" && flag != "--people" && flag != "--seed") {
      return Usage("unknown argument " + flag);
    }
    if (++i == argc) return Usage(flag + " wants a value");
    const std::string value = argv[i];
    if (flag == "--out") {
      out = value;
    } else if (flag == "--seed") {
      if (!absl::SimpleAtoi(value, &options.seed)) return Usage("--seed wants a whole number");
    } else if (!absl::SimpleAtoi(value, &options.people) || options.people < kPeopleMin ||
               options.people > kPeopleMax) {
      return Usage("--people wants a number from 50 to 500000");
    }
  }
  if (out.empty()) return Usage("--out is missing");
  if (misuse && options.people < kMisusePeopleMin) {
    return Usage("--misuse wants 200 people or more");
  }

  const Population population = MakePopulation(options);
  absl::StatusOr<Files> files = MakeExtracts(population);
  if (!files.ok()) {
    std::fprintf(stderr, "signpost-sample: %s\n", files.status().ToString().c_str());
    return kExitFailed;
  }
  if (misuse) files->merge(MisuseFiles(MakeMisuse(population)));
  for (const auto& [path, bytes] : *files) {
    const std::filesystem::path full = std::filesystem::path(out) / path;
    std::error_code error;
    std::filesystem::create_directories(full.parent_path(), error);
    std::ofstream file(full, std::ios::binary | std::ios::trunc);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (!file) {
      std::fprintf(stderr, "signpost-sample: cannot write %s: %s\n", full.c_str(),
                   std::strerror(errno));
      return kExitFailed;
    }
    std::printf("%9zu bytes  %s\n", bytes.size(), full.c_str());
  }
  int several = 0;
  std::vector<int> records_of(population.people.size() + 1);
  for (const Record& record : population.records) {
    if (++records_of[static_cast<size_t>(record.person)] == 2) ++several;
  }
  std::printf("%zu young people, %d known to more than one agency, %zu records\n",
              population.people.size(), several, population.records.size());
  return 0;
}

}  // namespace
}  // namespace signpost::adapters::sample

int main(int argc, char** argv) { return signpost::adapters::sample::Main(argc, argv); }
