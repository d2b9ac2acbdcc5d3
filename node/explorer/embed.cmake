# cmake -DSITE=FOLDER -DLIBRARY=index.js -DINTO=FOLDER -P embed.cmake
# Makes verify.html, which needs no other file, and a C++ table of everything that is served below /ui/.
include(${CMAKE_CURRENT_LIST_DIR}/base64.cmake)
file(MAKE_DIRECTORY ${INTO})

# One script of three modules: each becomes a function that returns what it exports. Their import and export statements have
# one form, each on a line of its own; that none is left is checked.
set(script "")
function(add_module name file)
  file(READ ${file} text)
  string(REGEX REPLACE "\nexport const __TEST = " "\nconst __TEST = " text "${text}")
  string(REGEX REPLACE "(^|\n)import {([^}]*)} from '\\./([a-z0-9]*)\\.js';" "\\1const {\\2} = module_\\3;" text "${text}")
  string(REGEX REPLACE "\nexport {([^}]*)};" "\nreturn {\\1};" text "${text}")
  string(REGEX REPLACE "\n//# sourceMappingURL=[^\n]*" "" text "${text}")
  if(text MATCHES "\n(import|export) [^\n]*")
    message(FATAL_ERROR "${file}: cannot be made part of verify.html: ${CMAKE_MATCH_0}")
  endif()
  string(TOLOWER "${text}" lower)
  if(lower MATCHES "</script|<!--")
    message(FATAL_ERROR "${file}: would end the script element of verify.html")
  endif()
  set(script "${script}const module_${name} = (() => {\n${text}\n})();\n" PARENT_SCOPE)
endfunction()
add_module(secp256k1 ${LIBRARY})
add_module(verifier ${SITE}/verifier.js)
add_module(dom ${SITE}/dom.js)
add_module(receipt ${SITE}/receipt.js)
add_module(offline ${SITE}/offline.js)
file(READ ${SITE}/style.css style)

function(hash_source text out)
  string(SHA256 hex "${text}")
  base64_of_hex(${hex} base64)
  set(${out} "'sha256-${base64}'" PARENT_SCOPE)
endfunction()
set(script "\n${script}")
set(style "\n${style}")
hash_source("${script}" script_hash)
hash_source("${style}" style_hash)
set(policy "default-src 'none'; script-src ${script_hash}; img-src data:; style-src ${style_hash}; base-uri 'none'; form-action 'none'")
file(READ ${SITE}/verify.html page)
string(REPLACE "@POLICY@" "${policy}" page "${page}")
string(REPLACE "@STYLE@" "${style}" page "${page}")
string(REPLACE "@SCRIPT@" "${script}" page "${page}")
file(WRITE ${INTO}/verify.html "${page}")
file(COPY_FILE ${LIBRARY} ${INTO}/secp256k1.js)

set(type_html "text/html; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_svg "image/svg+xml")
file(GLOB files ${SITE}/*)
list(REMOVE_ITEM files ${SITE}/verify.html)
list(APPEND files ${INTO}/verify.html ${INTO}/secp256k1.js)
set(arrays "")
set(rows "")
set(count 0)
foreach(file IN LISTS files)
  get_filename_component(name ${file} NAME)
  get_filename_component(ending ${file} LAST_EXT)
  string(SUBSTRING ${ending} 1 -1 ending)
  if(NOT DEFINED type_${ending})
    message(FATAL_ERROR "${file}: what content type has .${ending}?")
  endif()
  file(READ ${file} bytes HEX)
  string(LENGTH "${bytes}" size)
  math(EXPR size "${size} / 2")
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND arrays "constexpr char kFile${count}[] = {${bytes}};\n")
  file(SHA256 ${file} hash)
  set(its_policy "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'")
  if(name STREQUAL verify.html)
    set(its_policy "${policy}; frame-ancestors 'none'")
  endif()
  string(APPEND rows "    {\"${name}\", \"${type_${ending}}\", {kFile${count}, ${size}}, \"\\\"${hash}\\\"\", \"${its_policy}\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${INTO}/files.cpp.new "// Made by embed.cmake.
#include \"node/explorer/explorer.h\"

namespace giro::explorer {
namespace {
${arrays}
constexpr File kFiles[] = {
${rows}};
}  // namespace

std::span<const File> files() {
  return kFiles;
}

}  // namespace giro::explorer
")
file(COPY_FILE ${INTO}/files.cpp.new ${INTO}/files.cpp ONLY_IF_DIFFERENT)
