-- wrk: asks TARGET with a token from the file TOKENS, one after the other.
local requests, at = {}, 0

function init()
  for line in io.lines(os.getenv("TOKENS")) do
    requests[#requests + 1] = wrk.format("GET", os.getenv("TARGET"), {Host = "localhost", Authorization = "Bearer " .. line})
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end
