# cmake -DPACKAGE=@scope/name -DLOCK=package-lock.json -DTARBALL=FILE -DNPM=FILE -DINTO=FOLDER -P fetch.cmake
# Puts the package of the version that the lock file names into FOLDER/package, if its SHA-512 is the one that stands there.
# TARBALL: of that package, fetched elsewhere; empty: npm asks its registry, or its cache. Runs no script of the package.
include(${CMAKE_CURRENT_LIST_DIR}/base64.cmake)

file(READ ${LOCK} lock)
string(JSON version GET "${lock}" packages node_modules/${PACKAGE} version)
string(JSON integrity GET "${lock}" packages node_modules/${PACKAGE} integrity)
set(ways_on "  with the network: testnet/install-packages, then build again
  without it: on another machine, npm pack ${PACKAGE}@${version}; here, cmake --preset PRESET -D${VARIABLE}=THAT_FILE.tgz")

file(REMOVE_RECURSE ${INTO})
file(MAKE_DIRECTORY ${INTO})
if(NOT TARBALL)
  if(NOT NPM)
    message(FATAL_ERROR "${PACKAGE} ${version} is needed, and there is no npm to fetch it.\n${ways_on}")
  endif()
  execute_process(COMMAND ${NPM} pack ${PACKAGE}@${version} --ignore-scripts --prefer-offline --fetch-retries=2 --fetch-timeout=30000 --silent
    WORKING_DIRECTORY ${INTO} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said TIMEOUT 120)
  file(GLOB TARBALL ${INTO}/*.tgz)
  if(failed OR NOT TARBALL)
    message(FATAL_ERROR "npm pack ${PACKAGE}@${version} failed (${failed}):\n${said}\n${ways_on}")
  endif()
elseif(NOT EXISTS ${TARBALL})
  message(FATAL_ERROR "${VARIABLE}=${TARBALL}: there is no such file")
endif()

file(SHA512 ${TARBALL} hex)
base64_of_hex(${hex} base64)
if(NOT integrity STREQUAL "sha512-${base64}")
  message(FATAL_ERROR "${TARBALL} is not ${PACKAGE} ${version} as ${LOCK} pins it:\n  pinned ${integrity}\n  found  sha512-${base64}")
endif()
file(ARCHIVE_EXTRACT INPUT ${TARBALL} DESTINATION ${INTO})
