// Answers that are none.
import { testEveryCall } from './matrix.ts'

testEveryCall('is answered by a proxy with 502 and a page')
testEveryCall('is done, and the answer is a page with 200')
testEveryCall('is done, and the answer is cut in the middle')
testEveryCall('is done, and the answer has another shape')
