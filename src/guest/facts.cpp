#include <imgport/facts.hpp>

#include <algorithm>

namespace imgport {

const VolumeFacts *Inspection::volume(std::string_view device) const
{
    auto const found = std::find_if(volumes.begin(), volumes.end(), [&](auto &v) { return v.device == device; });
    return found == volumes.end() ? nullptr : &*found;
}

}  // namespace imgport
