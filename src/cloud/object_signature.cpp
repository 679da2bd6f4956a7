#include "cloud/object_signature.hpp"

namespace imgport {

std::string request_target(const ObjectRequest &request)
{
    std::string target = "/";
    if (request.bucket_in_path && !request.bucket.empty()) {
        target += percent_encoded(request.bucket);
        if (!request.key.empty())
            target += '/';
    }
    target += percent_encoded(request.key, true);
    char separator = '?';
    for (auto const &[name, value] : request.query) {
        target += separator + percent_encoded(name);
        if (!value.empty())
            target += '=' + percent_encoded(value);
        separator = '&';
    }
    return target;
}

}  // namespace imgport
