# That mirror.cmake finds what it is for, on trees that are made up here.
#
#   cmake -DSCRATCH=<folder> -P tests/mirror/mirror_test.cmake
cmake_minimum_required(VERSION 3.25)
set(check ${CMAKE_CURRENT_LIST_DIR}/mirror.cmake)

# make_tree(FILE...): an empty file at each path.
function(make_tree)
  file(REMOVE_RECURSE ${SCRATCH})
  foreach(path IN LISTS ARGN)
    file(WRITE ${SCRATCH}/${path} "")
  endforeach()
endfunction()

# expect(WORDS [UNTESTED...]): the check fails with these words; with "" it passes.
function(expect words)
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${SCRATCH} "-DUNTESTED_YET=${ARGN}" -P ${check}
    RESULT_VARIABLE code ERROR_VARIABLE said OUTPUT_QUIET)
  if(words STREQUAL "")
    if(NOT code EQUAL 0)
      message(FATAL_ERROR "a tree that mirrors its rooms was refused: ${said}")
    endif()
  else()
    string(REGEX REPLACE "[ \n]+" " " said "${said}")
    string(FIND "${said}" "${words}" found)
    if(code EQUAL 0 OR found EQUAL -1)
      message(FATAL_ERROR "\"${words}\" was not said, but (${code}): ${said}")
    endif()
  endif()
endfunction()

set(good hub/store/CMakeLists.txt tests/store/store_test.cc policy/CMakeLists.txt
  tests/policy/vocabulary_test.cc policy/text/CMakeLists.txt
  tests/policy/text/parser_test.cc adapters/kit/CMakeLists.txt tests/kit/csv_test.cc
  tests/scenarios/stories_test.cc)
make_tree(${good})
expect("")
make_tree(${good} hub/ledger/CMakeLists.txt)
expect("hub/ledger has no tests")
expect("" hub/ledger)
make_tree(${good} policy/engine/CMakeLists.txt tests/policy/engine/area.h)
expect("policy/engine has no tests")
make_tree(${good} adapters/cli/CMakeLists.txt)
expect("adapters/cli has no tests")
make_tree(${good} tests/gate/words_test.cc)
expect("tests/gate is of no room")
make_tree(${good} tests/policy/old/words_test.cc)
expect("tests/policy/old is of no room")
make_tree(${good})
expect("hub/store has tests now" hub/store)
make_tree(tests/store/store_test.cc)
expect("no room found")
file(REMOVE_RECURSE ${SCRATCH})
