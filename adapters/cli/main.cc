// signpost: see commands/cli.h.

#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "adapters/cli/commands/cli.h"
#include "hub/base/clock.h"
#include "hub/base/random.h"

int main(int argc, char** argv) {
  const signpost::base::RealClock clock;
  signpost::base::OsRandom random;
  signpost::adapters::cli::Terminal terminal{&std::cout, &std::cerr, &clock, &random,
                                             ::isatty(STDOUT_FILENO) == 1};
  return signpost::adapters::cli::RunCli(terminal, std::vector<std::string>(argv + 1, argv + argc));
}
