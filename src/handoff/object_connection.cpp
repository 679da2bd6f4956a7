#include "handoff/object_connection.hpp"

#include <algorithm>

#include "support/core_dumps.hpp"

namespace imgport {

Result<ObjectConnection> connect(const ObjectDestination &destination)
{
    auto const address = store_address(destination);
    if (!address)
        return fail(address.error());
    forbid_core_dumps();
    ObjectConnection made{.http = make_http_transport()};
    made.who = address->dialect == StoreDialect::oss ? alibaba_credentials(*made.http) : aws_credentials(*made.http);
    auto store = make_object_store(*address, *made.http, *made.who);
    if (!store)
        return fail(store.error());
    made.store = std::move(*store);
    return made;
}

RetryPolicy retry_policy(const UploadOptions &options)
{
    return {.attempts = options.retries + 1};
}

RetryPolicy first_contact_policy(const UploadOptions &options)
{
    return {.attempts = std::min(options.retries, 3U) + 1};
}

}  // namespace imgport
