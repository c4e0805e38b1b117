// A process of its own that ends by SIGKILL with this call: it has taken effect, and nobody hears the answer.
import { testEveryCall } from './matrix.ts'

testEveryCall('is the last one')
