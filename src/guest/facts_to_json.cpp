#include <imgport/guest_facts.hpp>

#include "support/json_fields.hpp"

namespace imgport {

template Json to_json(const GuestFacts &value);

}  // namespace imgport
