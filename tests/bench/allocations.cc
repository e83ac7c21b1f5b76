#include "tests/bench/allocations.h"

#ifdef SIGNPOST_HAVE_TCMALLOC
#include <gperftools/malloc_hook_c.h>

#include <atomic>
#endif

namespace signpost::bench {

#ifdef SIGNPOST_HAVE_TCMALLOC
namespace {

std::atomic<int64_t> allocations = 0;

void Count(const void* /*pointer*/, size_t /*size*/) {
  allocations.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

bool CanCountAllocations() { return true; }
void StartCountingAllocations() {
  allocations = 0;
  MallocHook_AddNewHook(&Count);
}
int64_t StopCountingAllocations() {
  MallocHook_RemoveNewHook(&Count);
  return allocations;
}
#else
bool CanCountAllocations() { return false; }
void StartCountingAllocations() {}
int64_t StopCountingAllocations() { return 0; }
#endif

}  // namespace signpost::bench
