// This is a counter that counts heap allocations of this process: every malloc and operator new, of
// all threads and libraries, by a hook of tcmalloc's. Builds without tcmalloc (sanitizers) cannot.
//
// Thread-safe. Counting slows every allocation, so nothing else is measured meanwhile.

#ifndef SIGNPOST_TESTS_BENCH_ALLOCATIONS_H_
#define SIGNPOST_TESTS_BENCH_ALLOCATIONS_H_

#include <cstdint>

namespace signpost::bench {

// Whether this build can count.
bool CanCountAllocations();
// REQUIRES: CanCountAllocations(); they take turns.
void StartCountingAllocations();
// How many there were since.
int64_t StopCountingAllocations();

}  // namespace signpost::bench

#endif  // SIGNPOST_TESTS_BENCH_ALLOCATIONS_H_
