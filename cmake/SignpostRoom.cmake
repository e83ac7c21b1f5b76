# Rooms and tests as CMake targets.
#
#   signpost_room(NAME FLOOR <n> SOURCES ... [PUBLIC deps...] [PRIVATE deps...])
#     A static library signpost_<NAME> on floor n. Configuring fails when it links a room of its own
#     floor or a higher one: the layering of docs/architecture.md is not a matter of goodwill. Checked
#     when all rooms are declared, so that the order of declaring them hides nothing.
#   signpost_program(NAME SOURCES ... DEPS ...)
#     A binary build/bin/<NAME>.
#   signpost_test(NAME SOURCES ... DEPS ... [LABELS ...])
#     A GoogleTest binary <NAME>, its cases discovered by ctest. Label `slow` keeps it out of the
#     everyday suite.
#   signpost_fuzz(NAME SOURCES ... DEPS ... CORPUS <dir>)
#     With SIGNPOST_FUZZ a libFuzzer binary; otherwise the same entry point linked with a driver
#     that runs every file of the corpus once, so the corpus is a test in every build.

add_library(signpost_flags INTERFACE)
target_include_directories(signpost_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(signpost_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${SIGNPOST_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)

if(SIGNPOST_SANITIZE)
  add_compile_options(-fsanitize=${SIGNPOST_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${SIGNPOST_SANITIZE})
endif()
set(SIGNPOST_TEST_EXTRAS)
if(SIGNPOST_SANITIZE MATCHES "thread")
  # See the file: Debian's Abseil is not instrumented.
  set(SIGNPOST_TEST_EXTRAS ${CMAKE_SOURCE_DIR}/tests/tsan/absl_sync.cc)
endif()
if(SIGNPOST_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

# Precompiled headers, where the compiler is g++: most of a compilation is reading Abseil's and
# Protobuf's headers, and with them read once a file takes a third of the time. gRPC's and the JSON
# library's are not among them: what they instantiate would cost every file more than reading them
# costs the few that do. Only headers that are not ours, so that what is compiled, and a cache's key,
# is the same in every clone. Builds without them (fuzz, clang) see that no file leans on them. The
# policy room has none: it may use Abseil alone.
set(SIGNPOST_PCH_USED OFF)
if(SIGNPOST_PCH AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  set(SIGNPOST_PCH_USED ON)
  # All objects that share one must agree on it.
  add_compile_options(-pthread)
  # With a precompiled std::string g++ 12 loses sight of its bounds and warns where nothing is wrong.
  # Builds without (any that does not come from a preset) keep these.
  target_compile_options(signpost_flags INTERFACE
    -Wno-array-bounds -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread)
  set(SIGNPOST_PCH_HEADERS
    <algorithm> <atomic> <chrono> <cstdint> <deque> <functional> <map> <memory> <optional> <random>
    <string> <thread> <utility> <variant> <vector>
    <absl/container/btree_map.h> <absl/container/flat_hash_map.h> <absl/container/flat_hash_set.h>
    <absl/functional/any_invocable.h> <absl/status/status.h> <absl/status/statusor.h>
    <absl/strings/numbers.h> <absl/strings/str_cat.h> <absl/strings/str_format.h>
    <absl/strings/str_join.h> <absl/strings/str_split.h> <absl/synchronization/mutex.h>
    <absl/synchronization/notification.h> <absl/time/time.h> <absl/types/span.h>
    <google/protobuf/generated_message_reflection.h> <google/protobuf/map.h>
    <google/protobuf/message.h> <google/protobuf/reflection_ops.h>
    <google/protobuf/timestamp.pb.h> <google/protobuf/util/time_util.h> <google/protobuf/wire_format.h>)
  file(WRITE ${CMAKE_BINARY_DIR}/pch/room.cc "")
  file(WRITE ${CMAKE_BINARY_DIR}/pch/program.cc "int main() {}\n")
  add_library(signpost_pch_room OBJECT ${CMAKE_BINARY_DIR}/pch/room.cc)
  target_precompile_headers(signpost_pch_room PRIVATE ${SIGNPOST_PCH_HEADERS})
  add_executable(signpost_pch_program EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/pch/program.cc)
  target_precompile_headers(signpost_pch_program PRIVATE ${SIGNPOST_PCH_HEADERS})
  add_executable(signpost_pch_test EXCLUDE_FROM_ALL ${CMAKE_BINARY_DIR}/pch/program.cc)
  target_link_libraries(signpost_pch_test PRIVATE GTest::gmock GTest::gtest)
  target_precompile_headers(signpost_pch_test PRIVATE ${SIGNPOST_PCH_HEADERS}
    <gmock/gmock.h> <gtest/gtest.h>)
endif()

# signpost_use_pch(TARGET KIND): KIND is room, program or test.
function(signpost_use_pch TARGET KIND)
  if(SIGNPOST_PCH_USED)
    target_precompile_headers(${TARGET} REUSE_FROM signpost_pch_${KIND})
  endif()
endfunction()

function(signpost_room NAME)
  cmake_parse_arguments(ROOM "" "FLOOR" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(NOT DEFINED ROOM_FLOOR)
    message(FATAL_ERROR "room ${NAME} names no FLOOR")
  endif()
  set(target signpost_${NAME})
  add_library(${target} STATIC ${ROOM_SOURCES})
  set_target_properties(${target} PROPERTIES SIGNPOST_FLOOR ${ROOM_FLOOR})
  target_link_libraries(${target} PUBLIC ${ROOM_PUBLIC} PRIVATE signpost_flags ${ROOM_PRIVATE})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
  if(NOT NAME MATCHES "^policy_")
    signpost_use_pch(${target} room)
  endif()
  set_property(GLOBAL APPEND PROPERTY SIGNPOST_ROOMS ${target})
endfunction()

function(signpost_check_layering)
  get_property(rooms GLOBAL PROPERTY SIGNPOST_ROOMS)
  foreach(room IN LISTS rooms)
    get_target_property(floor ${room} SIGNPOST_FLOOR)
    get_target_property(deps ${room} LINK_LIBRARIES)
    foreach(dep IN LISTS deps)
      if(dep IN_LIST rooms)
        get_target_property(dep_floor ${dep} SIGNPOST_FLOOR)
        if(NOT dep_floor LESS floor)
          message(FATAL_ERROR "${room} (floor ${floor}) may not use ${dep} (floor ${dep_floor})")
        endif()
      endif()
    endforeach()
  endforeach()
endfunction()
cmake_language(DEFER CALL signpost_check_layering)

function(signpost_program NAME)
  cmake_parse_arguments(PROGRAM "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${NAME} ${PROGRAM_SOURCES})
  target_link_libraries(${NAME} PRIVATE signpost_flags ${PROGRAM_DEPS})
  signpost_use_pch(${NAME} program)
endfunction()

function(signpost_test NAME)
  cmake_parse_arguments(TEST "" "TIMEOUT" "SOURCES;DEPS;LABELS" ${ARGN})
  if(NOT TEST_TIMEOUT)
    set(TEST_TIMEOUT 120)
  endif()
  add_executable(${NAME} ${TEST_SOURCES} ${SIGNPOST_TEST_EXTRAS})
  target_link_libraries(${NAME} PRIVATE signpost_flags ${TEST_DEPS} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${NAME} PRIVATE
    SIGNPOST_SOURCE_DIR="${CMAKE_SOURCE_DIR}" SIGNPOST_BIN_DIR="${CMAKE_BINARY_DIR}/bin")
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  signpost_use_pch(${NAME} test)
  gtest_discover_tests(${NAME} DISCOVERY_TIMEOUT 120
    PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS "${TEST_LABELS}")
endfunction()

function(signpost_fuzz NAME)
  cmake_parse_arguments(FUZZ "" "CORPUS" "SOURCES;DEPS" ${ARGN})
  if(SIGNPOST_FUZZ)
    add_executable(${NAME} ${FUZZ_SOURCES})
    target_compile_options(${NAME} PRIVATE -fsanitize=fuzzer)
    target_link_options(${NAME} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(${NAME} ${FUZZ_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus_driver.cc)
  endif()
  target_link_libraries(${NAME} PRIVATE signpost_flags ${FUZZ_DEPS})
  set_target_properties(${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
  add_test(NAME corpus.${NAME} COMMAND ${NAME} ${FUZZ_CORPUS})
  set_tests_properties(corpus.${NAME} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
