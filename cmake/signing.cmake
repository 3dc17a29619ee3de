# SPDX-License-Identifier: Apache-2.0
#
# Zephyr's own signing for MCUboot, with imgtool told the facts of the bundle block as protected TLVs
# (docs/bundle.md). Whatever Zephyr or the application tell imgtool stays as it is.
get_property(mlforge_root GLOBAL PROPERTY MLFORGE_ROOT)

# The version is a default of Kconfig's from the VERSION file, and a build directory's .config keeps the first one: that
# is the old version, not somebody's wish.
if(DEFINED APP_VERSION_TWEAK_STRING)
  if(CONFIG_MCUBOOT_IMGTOOL_SIGN_VERSION STREQUAL APP_VERSION_TWEAK_STRING)
    set(MLFORGE_SIGN_VERSION ${APP_VERSION_TWEAK_STRING} CACHE INTERNAL "The VERSION file's when .config was made")
  elseif(CONFIG_MCUBOOT_IMGTOOL_SIGN_VERSION STREQUAL MLFORGE_SIGN_VERSION)
    set(CONFIG_MCUBOOT_IMGTOOL_SIGN_VERSION ${APP_VERSION_TWEAK_STRING})
  endif()
endif()

if(DEFINED IMGTOOL)
  set(mlforge_imgtool ${IMGTOOL})
  set(IMGTOOL
    "${mlforge_root}/scripts/imgtool_with_facts.py" "${mlforge_imgtool}" "${CMAKE_BINARY_DIR}/mlforge/signing.json")
endif()
include(${ZEPHYR_BASE}/cmake/mcuboot.cmake)
if(DEFINED mlforge_imgtool)
  set(IMGTOOL ${mlforge_imgtool})
endif()
