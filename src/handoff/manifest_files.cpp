#include "handoff/manifest_files.hpp"

namespace imgport {

std::string beside_manifest(const std::string &manifest, std::string_view suffix)
{
    bool const usual = manifest.size() > manifest_suffix.size() && manifest.ends_with(manifest_suffix);
    return manifest.substr(0, manifest.size() - (usual ? manifest_suffix.size() : 0)) + std::string(suffix);
}

}  // namespace imgport
