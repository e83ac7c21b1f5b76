// AdapterMain is the program that every adapter is: it reads command line and configuration, then
// runs once or watches the inbox.
//
//   signpost-yot-asset --config FILE [--once] [--dry-run] [--report FILE] [--confirm-missing N]
//                      [--resend-all]
//
// Exit codes are those of run.h; a program that watches ends with that of its last run.

#ifndef SIGNPOST_ADAPTERS_KIT_PROGRAM_H_
#define SIGNPOST_ADAPTERS_KIT_PROGRAM_H_

#include "adapters/kit/source_system.h"

namespace signpost::adapters {

// The whole program; takes SIGTERM and SIGINT as the word to stop. REQUIRES: called once, from
// main().
int AdapterMain(const SourceSystem& system, int argc, char** argv);

}  // namespace signpost::adapters

#endif  // SIGNPOST_ADAPTERS_KIT_PROGRAM_H_
