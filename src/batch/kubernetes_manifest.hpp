// The Indexed Job that does images of a batch: the text that kubectl is given. Nothing here looks at the machine.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/batch.hpp>

namespace imgport {

// In the pod it is mounted as it is here.
struct PodVolume : SharedVolume {
    bool writable = false;  // else it is mounted for reading
};

struct JobManifest {
    std::string folder;           // absolute: of the batch
    std::string image;            // of the container
    std::string name_space = {};  // empty: none is named
    std::vector<PodVolume> volumes = {};
    std::vector<std::size_t> places = {};              // of the images in the batch's list, ascending
    unsigned parallelism = 0;                          // pods at once; 0: a few
    unsigned threads = 0;                              // per pod; 0: a few
    std::optional<std::chrono::seconds> timeout = {};  // per image
    std::uint64_t user = 0;
    std::uint64_t group = 0;
    std::uint64_t packed = 0;  // bytes of the largest packed source: it is unpacked into temporary space
    bool uploads = false;      // something is handed over, for which pods may want keys
    std::string salt = {};     // a Job is never changed: another one gets another name
};

struct WrittenManifest {
    std::string name;        // of the Job
    std::string text;        // YAML
    std::size_t images = 0;  // in it; fewer than `places` where those are too scattered for a command line
};

// For options that check_for_kubernetes() takes. More images than a Job can have are a usage error.
Result<WrittenManifest> write_manifest(const JobManifest &manifest);

// Who pods run as where the folder belongs to root: they never run as that.
constexpr std::uint64_t nobody_in_particular = 65532;

// "0-3,7"; ends where it would become longer than `limit`, and tells how many places are in it.
struct PlaceRanges {
    std::string text;
    std::size_t places = 0;
};
PlaceRanges ranges_of(const std::vector<std::size_t> &places, std::size_t limit);

// A scalar in double quotes that YAML 1.1 and 1.2 read back as it was; `text` is valid UTF-8.
std::string yaml_quoted(std::string_view text);
// An argument that Kubernetes expands to `text`: what looks like a reference to a variable is none.
std::string kubernetes_argument(std::string_view text);

}  // namespace imgport
