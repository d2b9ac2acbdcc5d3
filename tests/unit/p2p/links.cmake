set(links OpenSSL::SSL OpenSSL::Crypto)
