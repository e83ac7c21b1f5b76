// Runs a fuzz target over every file of its corpus once, so that the corpus is a test in every
// build and not only where libFuzzer is. Fails when the corpus is empty: a test that reads nothing
// proves nothing.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

std::vector<std::filesystem::path> FilesUnder(const char* root) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  if (std::filesystem::is_regular_file(root, error)) files.emplace_back(root);
  for (std::filesystem::recursive_directory_iterator at(root, error), end; !error && at != end;
       at.increment(error)) {
    if (at->is_regular_file(error)) files.push_back(at->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  size_t run = 0;
  for (int i = 1; i < argc; ++i) {
    for (const std::filesystem::path& path : FilesUnder(argv[i])) {
      std::ifstream file(path, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(file),
                              std::istreambuf_iterator<char>()};
      // Named before it runs, so that a crash says which file it was.
      std::printf("%s (%zu bytes)\n", path.filename().c_str(), bytes.size());
      std::fflush(stdout);
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
      ++run;
    }
  }
  std::printf("%zu inputs\n", run);
  return run > 0 ? 0 : 1;
}
