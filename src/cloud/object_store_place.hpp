// Where a bucket is reached: scheme, host, the style of its addresses, and the region that requests are signed for.
#pragma once

#include <functional>
#include <string>

#include <imgport/error.hpp>

#include "cloud/object_store.hpp"

namespace imgport {

struct StorePlace {
    std::string scheme;           // "https"
    std::string host;             // as requests name it: with the bucket where it is part of the host, with the port
    bool bucket_in_path = false;  // else the bucket is part of the host
    std::string region;           // empty: not known, and not needed
    bool v1 = false;              // sign with OSS's version 1
};

// `environment`: what a variable is set to, empty: not set.
Result<StorePlace> place_of(const StoreAddress &address,
                            const std::function<std::string(const std::string &)> &environment);

}  // namespace imgport
