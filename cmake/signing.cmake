# SPDX-License-Identifier: Apache-2.0
#
# Zephyr's own signing for MCUboot, with imgtool told the facts of the bundle block as protected TLVs
# (docs/bundle.md). Whatever Zephyr or the application tell imgtool stays as it is.
get_property(mlforge_root GLOBAL PROPERTY MLFORGE_ROOT)
if(DEFINED IMGTOOL)
  set(mlforge_imgtool ${IMGTOOL})
  set(IMGTOOL
    "${mlforge_root}/scripts/imgtool_with_facts.py" "${mlforge_imgtool}" "${CMAKE_BINARY_DIR}/mlforge/signing.json")
endif()
include(${ZEPHYR_BASE}/cmake/mcuboot.cmake)
if(DEFINED mlforge_imgtool)
  set(IMGTOOL ${mlforge_imgtool})
endif()
