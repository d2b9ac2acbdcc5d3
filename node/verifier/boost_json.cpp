// Boost.JSON inside the library, so that its users need no Boost, and may have another one.
#include <boost/json/src.hpp>
