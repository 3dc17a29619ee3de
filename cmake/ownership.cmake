# SPDX-License-Identifier: Apache-2.0
#
# Whose each byte of the image is. What MLForge adds to a build is compiled apart, and which objects that makes is written
# beside the image, where the accounts of flash and RAM read it together with the linker's map (see
# python/mlforge/toolchain/link_record.py).
include_guard(GLOBAL)

# Leaves a target out of link-time optimisation, which moves code between objects. So what was measured before training is
# also what runs, and the linker's map keeps telling whose it is.
function(mlforge_without_lto target)
  if(NOT TARGET mlforge_no_lto)
    add_library(mlforge_no_lto INTERFACE)
    if(TARGET compiler) # Zephyr's
      target_compile_options(mlforge_no_lto INTERFACE $<TARGET_PROPERTY:compiler,prohibit_lto>)
    endif()
  endif()
  target_link_libraries(${target} PRIVATE mlforge_no_lto) # behind the image's own options, so it counts
  set_target_properties(${target} PROPERTIES INTERPROCEDURAL_OPTIMIZATION OFF)
endfunction()

# Compiles a target of ours so that none of its bytes become those of another object: equal strings are not merged, and no
# two sources make one object.
function(mlforge_keep_apart target)
  if(NOT TARGET mlforge_apart)
    add_library(mlforge_apart INTERFACE)
    if(TARGET compiler)
      zephyr_check_compiler_flag(C "-fno-merge-constants" can)
      target_compile_options(mlforge_apart INTERFACE
        $<$<AND:$<BOOL:${can}>,$<COMPILE_LANGUAGE:C,CXX>>:-fno-merge-constants>)
    endif()
  endif()
  mlforge_without_lto(${target})
  target_link_libraries(${target} PRIVATE mlforge_apart)
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
endfunction()

# Notes that the files of a library, static or of objects, are for `category` (records/categories.py), and keeps them apart.
#
#   mlforge_ours(<library> CATEGORY <category> [PART <part>] [MODEL <name>]
#                [SYMBOLS <name>=<category>...] [SYMBOLS_FROM <file>])
function(mlforge_ours library)
  mlforge_keep_apart(${library})
  _mlforge_unit(${library} ${ARGN})
endfunction()

function(_mlforge_unit library)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "CATEGORY;PART;MODEL;SYMBOLS_FROM" "SYMBOLS")
  set(files "\"$<JOIN:$<TARGET_OBJECTS:${library}>,\",\">\"")
  get_target_property(type ${library} TYPE)
  if(type STREQUAL "STATIC_LIBRARY") # the objects, too: of thin archives the map names those
    string(APPEND files ",\"$<TARGET_FILE:${library}>\"")
  endif()
  list(TRANSFORM arg_SYMBOLS REPLACE "^(.*)=(.*)$" "\"\\1\":\"\\2\"")
  string(JOIN "," symbols ${arg_SYMBOLS})
  set_property(GLOBAL APPEND PROPERTY MLFORGE_UNITS
    "{\"category\":\"${arg_CATEGORY}\",\"part\":\"${arg_PART}\",\"model\":\"${arg_MODEL}\",\"symbols\":{${symbols}},\"symbols_from\":\"${arg_SYMBOLS_FROM}\",\"files\":[${files}]}")
endfunction()

# The same for a library of another module that runs our models, if there is one of that name. It is compiled as its module
# has it, but for link-time optimisation. Which module Zephyr takes first is not ours to say, so this is called when all
# are known.
function(mlforge_ours_of_others library)
  if(TARGET ${library})
    mlforge_without_lto(${library})
    _mlforge_unit(${library} ${ARGN})
  endif()
endfunction()

# Adds sources of the model `name` to the image as objects of a library of their own: `what` is what they are for. They
# are linked by whoever links `target`. More arguments are those of mlforge_ours().
#
#   mlforge_add_objects(<target> <what> MODEL <name> SOURCES <file>... INCLUDES <directory>... CATEGORY ...)
function(mlforge_add_objects target what)
  cmake_parse_arguments(PARSE_ARGV 2 arg "" "MODEL;CATEGORY" "SOURCES;INCLUDES")
  set(library mlforge_${what}_of_${arg_MODEL})
  add_library(${library} OBJECT ${arg_SOURCES})
  target_include_directories(${library} PRIVATE ${arg_INCLUDES})
  if(TARGET zephyr_interface)
    target_link_libraries(${library} PRIVATE zephyr_interface)
    add_dependencies(${library} zephyr_generated_headers)
  endif()
  if(TARGET mlforge_compile_${arg_MODEL})
    add_dependencies(${library} mlforge_compile_${arg_MODEL})
  endif()
  mlforge_ours(${library} MODEL ${arg_MODEL} CATEGORY ${arg_CATEGORY} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${target} INTERFACE $<TARGET_OBJECTS:${library}>)
  add_dependencies(${target} ${library}) # Zephyr looks for objects to relocate when its libraries are there
endfunction()

# Writes the record, once all models are known.
function(mlforge_write_record)
  get_property(units GLOBAL PROPERTY MLFORGE_UNITS)
  get_property(contracts GLOBAL PROPERTY MLFORGE_CONTRACTS)
  string(JOIN ",\n" units ${units})
  string(JOIN "," contracts ${contracts})
  set(directory "${CMAKE_BINARY_DIR}") # of the linker
  if(NOT CMAKE_GENERATOR MATCHES "Ninja")
    set(directory "${CMAKE_BINARY_DIR}/zephyr")
  endif()
  file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/zephyr/${CONFIG_KERNEL_BIN_NAME}.mlforge.json"
    CONTENT "{\"build\":\"${CMAKE_BINARY_DIR}\",\"directory\":\"${directory}\",\"contracts\":{${contracts}},\"units\":[\n${units}\n]}\n")
endfunction()
