// signpost: see console.h.

#include <unistd.h>

#include <iostream>
#include <string>
#include <vector>

#include "adapters/console/console.h"
#include "hub/base/clock.h"
#include "hub/base/random.h"

int main(int argc, char** argv) {
  const signpost::base::RealClock clock;
  signpost::base::OsRandom random;
  signpost::adapters::console::Console console{&std::cout, &std::cerr, &clock, &random,
                                               ::isatty(STDOUT_FILENO) == 1};
  return signpost::adapters::console::RunConsole(console,
                                                 std::vector<std::string>(argv + 1, argv + argc));
}
