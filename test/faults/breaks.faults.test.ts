// Calls that break off or fail on their way, before or after they took effect.
import { testEveryCall } from './matrix.ts'

testEveryCall('meets a reset')
testEveryCall('is done, and its answer is lost')
testEveryCall('is answered with 503')
testEveryCall('is done, and the answer is 503')
