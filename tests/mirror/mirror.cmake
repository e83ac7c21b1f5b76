# That tests/ mirrors the rooms one to one: each room's folder has a folder of tests of the same name, with a
# test in it, and each folder of tests has a room.
#
#   cmake -DROOT=<source folder> -P tests/mirror/mirror.cmake
#
# A room's folder is one under hub/, policy/ or adapters/ with a CMakeLists.txt. hub/NAME and adapters/NAME have
# tests/NAME; policy/NAME has tests/policy/NAME.
cmake_minimum_required(VERSION 3.25)

# Tests of more than one room.
set(tests_of_many bench conformance crash fuzz independent judges mirror scenarios tsan worlds)
# Rooms whose tests are still to be written; none. The list may only become shorter: a room in it that has tests is
# an error, too.
set(untested_yet)
if(DEFINED UNTESTED_YET)
  set(untested_yet ${UNTESTED_YET})
endif()

set(problems)
set(expected)
file(GLOB_RECURSE listings RELATIVE ${ROOT}
  ${ROOT}/hub/*/CMakeLists.txt ${ROOT}/policy/CMakeLists.txt ${ROOT}/policy/*/CMakeLists.txt
  ${ROOT}/adapters/*/CMakeLists.txt)
if(NOT listings)
  message(FATAL_ERROR "no room found under ${ROOT}: the check looks in the wrong place")
endif()
foreach(listing IN LISTS listings)
  get_filename_component(room ${listing} DIRECTORY)
  string(REGEX REPLACE "^(hub|adapters)/" "" mirrored ${room})
  list(APPEND expected ${mirrored})
  file(GLOB tests ${ROOT}/tests/${mirrored}/*_test.cc)
  if(room IN_LIST untested_yet)
    if(tests)
      list(APPEND problems "${room} has tests now: take it out of untested_yet in tests/mirror")
    endif()
  elseif(NOT tests)
    list(APPEND problems "${room} has no tests: put a *_test.cc into tests/${mirrored}")
  endif()
endforeach()

file(GLOB folders RELATIVE ${ROOT}/tests ${ROOT}/tests/* ${ROOT}/tests/policy/*)
foreach(folder IN LISTS folders)
  if(IS_DIRECTORY ${ROOT}/tests/${folder} AND NOT folder IN_LIST tests_of_many AND
     NOT folder IN_LIST expected)
    list(APPEND problems "tests/${folder} is of no room: rename it as its room is, or name it in tests/mirror")
  endif()
endforeach()

if(problems)
  list(JOIN problems "\n  " text)
  message(FATAL_ERROR "tests/ does not mirror the rooms:\n  ${text}")
endif()
list(LENGTH expected count)
list(LENGTH untested_yet untested)
message(STATUS "${count} rooms, ${untested} of them without tests yet")
