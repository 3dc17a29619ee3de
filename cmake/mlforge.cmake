# SPDX-License-Identifier: Apache-2.0
#
# The build step: models to C, whenever a model or MLForge itself has changed.
#
#   mlforge_model(TARGET <target> MODEL <file> [NAME <name>] [REPRESENTATIVE <file.npz>])
#     Adds a model to a target, usually `app`; call it once for each model. The target's sources then
#     `#include "<name>_mlforge.h"` and use `<name>_instance` (see runtime/include/mlforge/instance.h).
#     NAME is a C identifier; the default is the name of the file. An int8 .tflite is compiled as it is; a float one,
#     a .keras archive, an ONNX model or a PyTorch program (.pt2) is converted and quantised first, for which
#     REPRESENTATIVE names inputs as in the field (an array `x`).
#
#   mlforge_locked_model(<target> [<directory>])
#     The same for the locked model of a contract, with its features. The module calls it for `app` and the application's
#     own contract when CONFIG_MLFORGE=y; call it for each further contract, which has a directory of its own.
#
# MLFORGE_PROGRAM (CMake variable) names a directory of C files that MLForge has already written, to build in place of
# the locked model: how candidates are measured in the application that they are for. No lock is needed then, and no
# limit enforced.
#
# MLFORGE_PYTHON (CMake variable or environment) names the Python that compiles the models, where it is not Zephyr's.
include_guard(GLOBAL)

include(${CMAKE_CURRENT_LIST_DIR}/ownership.cmake)

set_property(GLOBAL PROPERTY MLFORGE_ROOT ${CMAKE_CURRENT_LIST_DIR}/..)

function(mlforge_model)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;MODEL;NAME;REPRESENTATIVE" "")
  if(NOT arg_TARGET OR NOT arg_MODEL OR arg_UNPARSED_ARGUMENTS OR arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR
      "mlforge_model: expected TARGET <target> MODEL <file> [NAME <name>] [REPRESENTATIVE <file.npz>]")
  endif()
  get_filename_component(model "${arg_MODEL}" ABSOLUTE)
  if(NOT EXISTS "${model}")
    message(FATAL_ERROR "mlforge_model: ${model} does not exist")
  endif()
  if(NOT arg_NAME)
    get_filename_component(stem "${model}" NAME_WE)
    string(MAKE_C_IDENTIFIER "${stem}" arg_NAME)
  endif()
  set(representative "")
  if(arg_REPRESENTATIVE)
    get_filename_component(data "${arg_REPRESENTATIVE}" ABSOLUTE)
    if(NOT EXISTS "${data}")
      message(FATAL_ERROR "mlforge_model: ${data} does not exist")
    endif()
    set(representative --representative "${data}")
  elseif(model MATCHES "\\.(keras|onnx|pt2)$")
    message(FATAL_ERROR "mlforge_model: ${model} is a float model: quantising it needs REPRESENTATIVE <file.npz>")
  endif()
  _mlforge_build(${arg_TARGET} "${arg_NAME}" "" "${model}" --name "${arg_NAME}" ${representative})
endfunction()

function(mlforge_locked_model target)
  set(own TRUE)
  set(app "${APPLICATION_CONFIG_DIR}")
  if(ARGC GREATER 1)
    set(own FALSE)
    get_filename_component(app "${ARGV1}" ABSOLUTE)
    if(NOT EXISTS "${app}/mlforge.yaml")
      message(FATAL_ERROR "mlforge_locked_model: ${app} has no mlforge.yaml")
    endif()
  elseif(NOT EXISTS "${app}/mlforge.yaml")
    set(app "${APPLICATION_SOURCE_DIR}")
  endif()
  set(contract "${app}/mlforge.yaml")
  if(MLFORGE_PROGRAM AND own)
    _mlforge_program(${target} "${MLFORGE_PROGRAM}")
    return()
  elseif(NOT EXISTS "${contract}")
    if(CONFIG_MLFORGE_BUNDLE)
      message(FATAL_ERROR "CONFIG_MLFORGE_BUNDLE: ${app} has no mlforge.yaml, which says what a release carries")
    endif()
    return()
  endif()
  if(NOT EXISTS "${app}/mlforge.lock.yaml")
    message(FATAL_ERROR
      "${contract} has no mlforge.lock.yaml beside it: there is no model to build in. "
      "`west mlforge optimise ${app}` searches one and writes both.")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${contract}")
  file(STRINGS "${contract}" line REGEX "^name:")
  if(NOT line MATCHES "^name:[ \t]*[\"']?([A-Za-z][A-Za-z0-9_]*)[\"']?[ \t]*(#.*)?$")
    message(FATAL_ERROR "${contract}: no usable `name:`; `west mlforge check ${app}` says more")
  endif()
  set(parts facts pipeline)
  set(bundle "")
  if(CONFIG_MLFORGE_BUNDLE AND own)
    list(APPEND parts bundle)
    set(bundle --bundle ${CONFIG_BOARD_TARGET})
  endif()
  set(name ${CMAKE_MATCH_1})
  set(sensors "")
  if(CONFIG_MLFORGE_SENSOR)
    set(sensors --devicetree "${DEVICETREE_GENERATED_H}")
  endif()
  _mlforge_build(${target} ${name} "${parts}" --app "${app}" --name ${name} ${bundle} ${sensors})
  set_property(GLOBAL APPEND PROPERTY MLFORGE_CONTRACTS "\"${name}\":\"${app}\"")
  _mlforge_limits("${app}" ${name} ${own})
endfunction()

# Adds a program of MLForge's to the target as it stands in `directory`.
function(_mlforge_program target directory)
  file(GLOB header CONFIGURE_DEPENDS "${directory}/*_model.h")
  list(LENGTH header found)
  if(found EQUAL 0 AND CONFIG_MLFORGE_MEASURE)
    return() # the measuring firmware alone, whose configuration says what models are to be compiled for
  elseif(NOT found EQUAL 1)
    message(FATAL_ERROR "MLFORGE_PROGRAM: ${directory} holds no program of MLForge")
  endif()
  get_filename_component(stem "${header}" NAME_WE)
  string(REGEX REPLACE "_model$" "" name "${stem}")
  file(GLOB sources CONFIGURE_DEPENDS "${directory}/*.c" "${directory}/*.cc")
  if(EXISTS "${directory}/${name}_tflm.cc" AND NOT CONFIG_MLFORGE_TFLM)
    message(FATAL_ERROR "MLFORGE_PROGRAM: ${directory} holds a program for TensorFlow Lite Micro; "
      "set CONFIG_MLFORGE_ENGINE_TFLM=y or CONFIG_MLFORGE_ENGINE_TFLM_CMSIS_NN=y")
  endif()
  file(GLOB includes RELATIVE "${directory}" "${directory}/${name}_facts.h" "${directory}/${name}_pipeline.h"
    "${directory}/${name}_decision.h")
  target_include_directories(${target} PRIVATE "${directory}")
  _mlforge_sources(${target} "${name}" "${directory}" ${sources})
  _mlforge_place("${name}" ${sources})
  _mlforge_instance(${target} "${name}" "${includes}" stand_in)
endfunction()

# After linking, holds the image against the limits of the contract in `app`; `own` where that is the application's, whose
# module is read while Zephyr is yet to say what follows the link. The image of native_sim is no ELF of a target.
function(_mlforge_limits app name own)
  if(CONFIG_ARCH_POSIX OR MLFORGE_PROGRAM OR NOT CONFIG_MLFORGE_ENFORCE_LIMITS)
    return()
  endif()
  _mlforge_python(python)
  _mlforge_environment(environment)
  set(image "${CMAKE_BINARY_DIR}/zephyr/${CONFIG_KERNEL_BIN_NAME}.elf")
  set(check ${environment} "${python}" -m mlforge check "${app}" --image "${image}"
    --board ${CONFIG_BOARD_TARGET})
  if(own)
    set_property(GLOBAL APPEND PROPERTY extra_post_build_commands COMMAND ${check})
    return()
  endif()
  set(stamp "${CMAKE_BINARY_DIR}/mlforge/${name}/limits")
  set(linked zephyr_pre0)
  if(TARGET zephyr_final)
    set(linked zephyr_final)
  endif()
  add_custom_command(OUTPUT "${stamp}" COMMAND ${check} COMMAND ${CMAKE_COMMAND} -E touch "${stamp}"
    DEPENDS ${linked} "${image}" "${app}/mlforge.yaml" COMMENT "Holding the image against ${app}/mlforge.yaml" VERBATIM)
  add_custom_target(mlforge_limits_of_${name} ALL DEPENDS "${stamp}")
endfunction()

# Compiles a library of another module for speed, where there is one of that name.
function(mlforge_optimise_for_speed library)
  if(TARGET ${library})
    add_library(mlforge_speed_of_${library} INTERFACE)
    target_compile_options(mlforge_speed_of_${library} INTERFACE -O2)
    target_link_libraries(${library} PRIVATE mlforge_speed_of_${library}) # behind the image's own option, so it counts
  endif()
endfunction()

# Stops where Zephyr's version is older than what the module is written for.
function(mlforge_need_zephyr version)
  set(oldest 3.7.0) # toolchain/zephyr.py: OLDEST
  if(version VERSION_LESS oldest)
    message(FATAL_ERROR
      "MLForge needs Zephyr ${oldest} or newer, and ${ZEPHYR_BASE} is Zephyr ${version}: update the workspace, or take "
      "CONFIG_MLFORGE=y out of prj.conf.")
  endif()
endfunction()

# Keeps the bundle block, which no code refers to, in the image, and has MCUboot images signed with its facts.
function(_mlforge_bundle)
  toolchain_ld_force_undefined_symbols(mlforge_bundle)
  get_target_property(other zephyr_property_target SIGNING_SCRIPT)
  if(CONFIG_BOOTLOADER_MCUBOOT AND NOT other)
    get_property(root GLOBAL PROPERTY MLFORGE_ROOT)
    set_target_properties(zephyr_property_target PROPERTIES SIGNING_SCRIPT "${root}/cmake/signing.cmake")
  endif()
endfunction()

# Says so where one of the modules in ARGN is another MLForge than the one in `used`.
function(mlforge_warn_of_others used)
  file(REAL_PATH "${used}" here)
  foreach(module IN LISTS ARGN)
    file(REAL_PATH "${module}" there)
    if(there STREQUAL here OR NOT EXISTS "${there}/zephyr/module.yml")
      continue()
    endif()
    file(STRINGS "${there}/zephyr/module.yml" name REGEX "^name:[ ]*mlforge[ ]*$")
    if(name)
      message(WARNING
        "MLForge is in this workspace twice. This build uses ${here} and not ${there}: take one of them out of the "
        "west manifest or of ZEPHYR_EXTRA_MODULES.")
    endif()
  endforeach()
endfunction()

# Adds to `target` what `mlforge compile <ARGN>` makes of the model `name`: <name>_model.c and .h and, where `parts`
# says so, those of its features and its facts. The step runs before the target is compiled, and does nothing when
# nothing has changed: its depfile names the model, the lock, the contract and the code of MLForge.
function(_mlforge_build target name parts)
  get_property(taken GLOBAL PROPERTY MLFORGE_MODELS)
  if(NOT CONFIG_MLFORGE)
    message(FATAL_ERROR "mlforge_model: set CONFIG_MLFORGE=y in prj.conf")
  elseif(NOT TARGET ${target})
    message(FATAL_ERROR "mlforge_model: there is no target `${target}`")
  elseif(NOT name MATCHES "^[A-Za-z][A-Za-z0-9_]*$")
    message(FATAL_ERROR "mlforge_model: `${name}` is no C identifier; pass NAME <name>")
  elseif(name IN_LIST taken)
    message(FATAL_ERROR "mlforge_model: two models are called `${name}`; pass NAME <name>")
  endif()
  set_property(GLOBAL APPEND PROPERTY MLFORGE_MODELS ${name})
  _mlforge_python(python)
  if("--representative" IN_LIST ARGN)
    _mlforge_training_python(python "${python}")
  endif()
  _mlforge_environment(environment)
  get_property(root GLOBAL PROPERTY MLFORGE_ROOT)

  set(directory "${CMAKE_BINARY_DIR}/mlforge/${name}")
  file(MAKE_DIRECTORY "${directory}")
  _mlforge_engine(engine)
  set(generated "${directory}/${name}_model.c" "${directory}/${name}_model.h")
  if(NOT engine STREQUAL "static")
    list(APPEND generated "${directory}/${name}_tflm.cc")
  endif()
  set(includes "")
  if(parts)
    list(APPEND generated "${directory}/${name}_facts.h"
      "${directory}/${name}_pipeline.c" "${directory}/${name}_pipeline.h"
      "${directory}/${name}_decision.c" "${directory}/${name}_decision.h")
    set(includes "${name}_facts.h" "${name}_pipeline.h" "${name}_decision.h")
  endif()
  if("bundle" IN_LIST parts)
    list(APPEND generated "${directory}/${name}_bundle.c")
    _mlforge_bundle()
  endif()
  set(isa "")
  if(CONFIG_MLFORGE_ISA)
    set(isa --isa ${CONFIG_MLFORGE_ISA})
  endif()
  set(arch "")
  if(CONFIG_ARCH)
    set(arch --arch ${CONFIG_ARCH})
  endif()
  add_custom_command(
    OUTPUT "${directory}/stamp"
    BYPRODUCTS ${generated}
    COMMAND ${environment} "${python}" -m mlforge compile ${ARGN} -o "${directory}"
      --engine ${engine} ${isa} ${arch} --stamp "${directory}/stamp" --depfile "${directory}/stamp.d"
    DEPFILE "${directory}/stamp.d"
    COMMENT "Compiling the model ${name}"
    VERBATIM)
  add_custom_target(mlforge_compile_${name} DEPENDS "${directory}/stamp")
  add_dependencies(${target} mlforge_compile_${name})

  list(FILTER generated INCLUDE REGEX "\\.cc?$")
  _mlforge_sources(${target} "${name}" "${directory}" ${generated})
  _mlforge_place("${name}" "${directory}/${name}_model.c")
  _mlforge_instance(${target} "${name}" "${includes}" ${parts})
endfunction()

# Adds the generated C files ARGN of the model `name`, in `directory`, to the image: model, features and bundle each as
# objects of their own.
function(_mlforge_sources target name directory)
  get_property(root GLOBAL PROPERTY MLFORGE_ROOT)
  set(model ${ARGN})
  set(features ${ARGN})
  set(release ${ARGN})
  list(FILTER features INCLUDE REGEX "/${name}_(pipeline|decision)\\.c$")
  list(FILTER release INCLUDE REGEX "/${name}_bundle\\.c$")
  list(FILTER model EXCLUDE REGEX "/${name}_(pipeline|decision|bundle)\\.c$")
  set(common MODEL ${name} INCLUDES "${directory}" "${root}") # for firmware/app.h
  mlforge_add_objects(${target} model ${common} SOURCES ${model}
    CATEGORY "model code" SYMBOLS_FROM "${directory}/${name}_symbols.json")
  if(features)
    mlforge_add_objects(${target} features ${common} SOURCES ${features} CATEGORY features)
  endif()
  if(release)
    mlforge_add_objects(${target} block ${common} SOURCES ${release} CATEGORY application PART "inference service")
  endif()
endfunction()

# Places the weights and tables of a model, all that is constant in its sources ARGN, where devicetree's `memory-region`
# says (or `model-memory`, its deprecated name). CMake knows no phandles (scripts/dts/gen_dts_cmake.py), so what
# devicetree says is read as C does.
function(_mlforge_place name)
  string(TOLOWER ${name} node)
  set(node DT_N_S_mlforge_S_${node}_P)
  _mlforge_devicetree(memory ${node}_memory_region)
  if(NOT memory)
    _mlforge_devicetree(memory ${node}_model_memory)
  endif()
  if(NOT memory)
    return()
  elseif(NOT CONFIG_MLFORGE_MODEL_MEMORY)
    message(FATAL_ERROR "devicetree's memory-region of ${name}: Zephyr cannot relocate code or data on ${BOARD}")
  endif()
  _mlforge_devicetree(region ${memory}_P_zephyr_memory_region_STRING_TOKEN)
  if(NOT region)
    message(FATAL_ERROR "devicetree's memory-region of ${name} is not compatible with \"zephyr,memory-region\"")
  endif()
  if(region MATCHES "_") # which would begin the kind of section (scripts/build/gen_relocate_app.py)
    message(FATAL_ERROR "devicetree's memory-region of ${name}: Zephyr cannot relocate to ${region}; "
      "its zephyr,memory-region needs a name of letters and digits alone")
  endif()
  _mlforge_devicetree(in_place ${node}_model_in_place)
  set(how "")
  if(in_place)
    set(how NOCOPY)
  endif()
  zephyr_code_relocate(FILES ${ARGN} LOCATION ${region}_RODATA ${how})
endfunction()

# What devicetree's generated header defines `macro` to be; empty where it does not.
function(_mlforge_devicetree result macro)
  set(value "")
  file(STRINGS "${DEVICETREE_GENERATED_H}" line REGEX "^#define ${macro} ")
  if(line MATCHES " ([A-Za-z0-9_]+)$")
    set(value ${CMAKE_MATCH_1})
  endif()
  set(${result} "${value}" PARENT_SCOPE)
endfunction()

# What the image runs its models with, as a contract spells it.
function(_mlforge_engine result)
  set(engine static)
  if(CONFIG_MLFORGE_ENGINE_TFLM)
    set(engine tflm)
  elseif(CONFIG_MLFORGE_ENGINE_TFLM_CMSIS_NN)
    set(engine tflm-cmsis-nn)
  endif()
  set(${result} ${engine} PARENT_SCOPE)
endfunction()

# Adds the instance of a model: its arena, its features, its service. `includes` are headers besides the model's own;
# with the further argument `bundle` it is the release's, and watched; with `stand_in` it is measured in its place.
function(_mlforge_instance target name includes)
  get_property(root GLOBAL PROPERTY MLFORGE_ROOT)
  set(directory "${CMAKE_BINARY_DIR}/mlforge/${name}")
  set(NAME ${name})
  set(BUNDLED 0)
  set(STAND_IN 0)
  if("bundle" IN_LIST ARGN)
    set(BUNDLED 1)
  elseif("stand_in" IN_LIST ARGN)
    set(STAND_IN 1)
  endif()
  string(TOUPPER ${name} NAME_UPPER)
  string(TOLOWER ${name} NAME_LOWER) # as devicetree spells node names in C
  list(TRANSFORM includes REPLACE "(.+)" "#include \"\\1\"\n" OUTPUT_VARIABLE CONTRACT_INCLUDES)
  string(JOIN "" CONTRACT_INCLUDES ${CONTRACT_INCLUDES})
  configure_file("${root}/zephyr/instance.h.in" "${directory}/${name}_mlforge.h" @ONLY)
  configure_file("${root}/zephyr/instance.c.in" "${directory}/${name}_mlforge.c" @ONLY)
  target_include_directories(${target} PRIVATE "${directory}")
  set(common MODEL ${name} INCLUDES "${directory}" $<TARGET_PROPERTY:mlforge_model_of_${name},INCLUDE_DIRECTORIES>)
  mlforge_add_objects(${target} instance ${common} SOURCES "${directory}/${name}_mlforge.c"
    CATEGORY "model code" SYMBOLS ${name}_arena=arena)
  if(CONFIG_MLFORGE_SERVICE)
    configure_file("${root}/zephyr/thread.c.in" "${directory}/${name}_thread.c" @ONLY)
    mlforge_add_objects(${target} thread ${common} SOURCES "${directory}/${name}_thread.c"
      CATEGORY application PART "inference service")
  endif()
  if(STAND_IN AND CONFIG_MLFORGE_MEASURE)
    configure_file("${root}/zephyr/measured.c.in" "${directory}/${name}_measured.c" @ONLY)
    mlforge_add_objects(${target} measured ${common} SOURCES "${directory}/${name}_measured.c"
      CATEGORY application PART "measuring firmware")
  endif()
  if(CONFIG_MLFORGE_SCHEDULING)
    configure_file("${root}/zephyr/scheduled.c.in" "${directory}/${name}_scheduled.c" @ONLY)
    mlforge_add_objects(${target} scheduled ${common} "${root}/zephyr/src"
      SOURCES "${directory}/${name}_scheduled.c" CATEGORY application PART "measuring firmware")
  endif()
  # A measured model stands in for the bundle's: no block then, but what asks for one must link.
  if(BUNDLED OR (CONFIG_MLFORGE_BUNDLE AND STAND_IN))
    configure_file("${root}/zephyr/bundled.c.in" "${directory}/${name}_bundled.c" @ONLY)
    mlforge_add_objects(${target} watch ${common} SOURCES "${directory}/${name}_bundled.c"
      CATEGORY application PART "inference service")
  endif()
endfunction()

# The start of a command that runs MLForge's own code and writes nothing into its checkout. In an installed package,
# this file is in mlforge/source.
function(_mlforge_environment result)
  get_property(root GLOBAL PROPERTY MLFORGE_ROOT)
  set(path "${root}/python")
  if(NOT EXISTS "${path}")
    get_filename_component(path "${root}/../.." ABSOLUTE)
  endif()
  set(${result} ${CMAKE_COMMAND} -E env
    "PYTHONPATH=${path}" "PYTHONPYCACHEPREFIX=${CMAKE_BINARY_DIR}/mlforge/pycache" PARENT_SCOPE)
endfunction()

# A Python that can compile models: the one that was named, else Zephyr's, else the checkout's own.
function(_mlforge_python result)
  get_property(root GLOBAL PROPERTY MLFORGE_ROOT)
  if(DEFINED CACHE{MLFORGE_PYTHON_FOUND} AND EXISTS "${MLFORGE_PYTHON_FOUND}" AND NOT MLFORGE_PYTHON)
    set(${result} "${MLFORGE_PYTHON_FOUND}" PARENT_SCOPE)
    return()
  endif()
  if(NOT MLFORGE_PYTHON)
    set(MLFORGE_PYTHON "$ENV{MLFORGE_PYTHON}")
  endif()
  if(MLFORGE_PYTHON)
    set(candidates "${MLFORGE_PYTHON}")
  else()
    set(candidates "${PYTHON_EXECUTABLE}" "${root}/.venv/bin/python")
  endif()
  _mlforge_environment(environment)
  set(why "")
  foreach(candidate IN LISTS candidates)
    execute_process(
      COMMAND ${environment} "${candidate}" -c "import mlforge.app.build_step"
      RESULT_VARIABLE status OUTPUT_QUIET ERROR_VARIABLE error)
    if(status EQUAL 0)
      set(MLFORGE_PYTHON_FOUND "${candidate}" CACHE INTERNAL "the Python that compiles models")
      set(${result} "${candidate}" PARENT_SCOPE)
      return()
    endif()
    string(STRIP "${error}" error)
    string(REGEX REPLACE ".*\n" "" error "${error}")
    string(APPEND why "\n  ${candidate}: ${error}")
  endforeach()
  message(FATAL_ERROR
    "MLForge cannot compile models: no Python has what it needs.${why}\n"
    "Install it into Zephyr's Python with `west packages pip --install`, or\n"
    "  ${PYTHON_EXECUTABLE} -m pip install -r ${root}/zephyr/requirements.txt\n"
    "or name another Python with -DMLFORGE_PYTHON=<path>.")
endfunction()

# A Python that can also quantise, where there is one; else `compiles`, which can do so from memory alone.
function(_mlforge_training_python result compiles)
  get_property(root GLOBAL PROPERTY MLFORGE_ROOT)
  _mlforge_environment(environment)
  foreach(candidate IN ITEMS "${compiles}" "${root}/.venv/bin/python")
    execute_process(
      COMMAND ${environment} "${candidate}" -c
        "import sys, mlforge.app.build_step\nfrom importlib.util import find_spec\nsys.exit(not (find_spec('tensorflow') and find_spec('keras')))"
      RESULT_VARIABLE status OUTPUT_QUIET ERROR_QUIET)
    if(status EQUAL 0)
      set(${result} "${candidate}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  set(${result} "${compiles}" PARENT_SCOPE)
endfunction()
