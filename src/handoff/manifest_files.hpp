// The names of a manifest and of what lies beside it: NAME.manifest.json, NAME.receipt.json, NAME.upload.json.
#pragma once

#include <string>
#include <string_view>

namespace imgport {

inline constexpr std::string_view manifest_suffix = ".manifest.json";

// "out/web.manifest.json" and ".receipt.json": "out/web.receipt.json". A manifest of another name keeps all of it.
std::string beside_manifest(const std::string &manifest, std::string_view suffix);

}  // namespace imgport
