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
